import FoundationEssentials
import Glibc

/// Finds the process that listens on a TCP port, through /proc.
enum PortHolder {
    private static let listening = "0A"

    /// `name (pid N)`; `nil` when it cannot be found, for example because it lives in another pid namespace. Blocks.
    static func name(ofListenerOn port: Int) -> String? {
        let sockets = Set(["/proc/net/tcp", "/proc/net/tcp6"].flatMap { inodes(in: $0, port: port) }.map { "socket:[\($0)]" })
        guard !sockets.isEmpty, let processes = try? FileManager.default.contentsOfDirectory(atPath: "/proc") else { return nil }
        for pid in processes where Int(pid) != nil {
            let folder = "/proc/\(pid)/fd"
            guard let descriptors = try? FileManager.default.contentsOfDirectory(atPath: folder) else { continue }
            for descriptor in descriptors {
                guard let target = try? FileManager.default.destinationOfSymbolicLink(atPath: folder + "/" + descriptor), sockets.contains(target)
                else { continue }
                let name = text("/proc/\(pid)/comm").map { $0.filter { $0 != "\n" } } ?? "process"
                return "\(name) (pid \(pid))"
            }
        }
        return nil
    }

    private static func inodes(in path: String, port: Int) -> [Substring] {
        guard let table = text(path) else { return [] }
        let suffix = String(port, radix: 16, uppercase: true)
        let wanted = ":" + String(repeating: "0", count: max(0, 4 - suffix.count)) + suffix
        return table.split(separator: "\n").dropFirst().compactMap { line in
            let fields = line.split(separator: " ")
            guard fields.count > 9, fields[1].hasSuffix(wanted), fields[3] == listening else { return nil }
            return fields[9]
        }
    }

    /// Read to its end: /proc gives a table page by page, and `Data(contentsOf:)` stops after the first one of a file without a size.
    private static func text(_ path: String) -> String? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var bytes: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 64 << 10)
        while bytes.count < 64 << 20 {
            let count = read(file, &part, part.count)
            if count < 0, errno == EINTR { continue }
            if count <= 0 { break }
            bytes += part[..<count]
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
