import LinuxSystem

/// The platform of an image, in Go's names. Other spellings of system, architecture and variant become these names.
struct Platform: Sendable, Hashable, CustomStringConvertible {
    let os: String
    let architecture: String
    /// `v3`, `v8.2`, `v7`; empty for the first version of an architecture.
    let variant: String

    init(os: String, architecture: String, variant: String = "") {
        let system = os.lowercased()
        self.os = system.isEmpty ? "linux" : system
        (self.architecture, self.variant) = Self.canonical(architecture.lowercased(), variant.lowercased())
    }

    /// This machine, with the highest variant that its processor can run.
    static let host: Platform = {
        #if arch(arm64)
            return Platform(os: "linux", architecture: "arm64")
        #else
            let processors = (try? SmallFile.text("/proc/cpuinfo", limit: 16 << 20)) ?? ""
            return Platform(os: "linux", architecture: "amd64", variant: ProcessorLevel.variant(cpuinfo: processors))
        #endif
    }()

    var description: String { "\(os)/\(architecture)" + (variant.isEmpty ? "" : "/\(variant)") }

    /// How well this machine runs an image of another platform, 0 for best; `nil` if it cannot.
    func rank(of image: Platform) -> Int? {
        guard image.os == os else { return nil }
        return runnable.firstIndex { $0 == (image.architecture, image.variant) }
    }

    /// Every kind of image that a processor runs, best first: its own variant, the lower variants, the 32-bit companion.
    private var runnable: [(String, String)] {
        switch architecture {
        case "amd64":
            let level = Int(variant.dropFirst()) ?? 1
            return stride(from: level, to: 1, by: -1).map { ("amd64", "v\($0)") } + [("amd64", ""), ("386", "")]
        case "arm": return Self.arm(variant)
        case "arm64": return Self.arm64(variant).map { ("arm64", $0) } + Self.arm("v8")
        default: return [(architecture, variant)]
        }
    }

    private static func arm(_ variant: String) -> [(String, String)] {
        let version = Int(variant.dropFirst()) ?? 7
        return stride(from: version, through: min(5, version), by: -1).map { ("arm", "v\($0)") }
    }

    /// Version 9.n includes 8.n+5.
    private static func arm64(_ variant: String) -> [String] {
        let parts = variant.dropFirst().split(separator: ".")
        let major = parts.first.flatMap { Int($0) } ?? 8
        let minor = parts.count > 1 ? Int(parts[1]) ?? 0 : 0
        guard major == 8 || major == 9, (0..<100).contains(minor) else { return [variant, ""] }
        func named(_ major: Int, _ minor: Int) -> String { minor > 0 ? "v\(major).\(minor)" : major == 8 ? "" : "v\(major)" }
        let ninth = major == 9 ? (0...minor).reversed().map { named(9, $0) } : []
        return ninth + (0...(major == 9 ? minor + 5 : minor)).reversed().map { named(8, $0) }
    }

    private static func canonical(_ architecture: String, _ variant: String) -> (String, String) {
        let numbered = variant.first?.isNumber == true ? "v" + variant : variant
        switch architecture {
        case "amd64", "x86_64", "x86-64": return ("amd64", ["v2", "v3", "v4"].contains(numbered) ? numbered : "")
        case "386", "i386", "i686", "x86": return ("386", "")
        case "arm64", "aarch64":
            let short = numbered.hasSuffix(".0") ? String(numbered.dropLast(2)) : numbered
            return ("arm64", short == "v8" ? "" : short)
        case "armhf": return ("arm", "v7")
        case "armel": return ("arm", "v6")
        case "arm": return ("arm", numbered.isEmpty ? "v7" : numbered)
        default: return (architecture, numbered)
        }
    }
}

extension Platform: Decodable {
    private enum CodingKeys: String, CodingKey {
        case os, architecture, variant
    }

    /// A missing field is an empty one.
    init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        func text(_ key: CodingKeys) throws -> String { try fields.decodeIfPresent(String.self, forKey: key) ?? "" }
        self.init(os: try text(.os), architecture: try text(.architecture), variant: try text(.variant))
    }
}
