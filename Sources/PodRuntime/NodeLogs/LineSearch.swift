/// Finds whole lines in a text that comes in pieces, without keeping it.
struct LineSearch {
    /// Longer than any name of a unit.
    private static let longestLine = 4096

    private let wanted: Set<String>
    private(set) var found: Set<String> = []
    /// The line that has begun, or the last one; of a longer one the beginning.
    private(set) var rest: [UInt8] = []
    private var isComplete = false

    init(_ wanted: Set<String>) { self.wanted = wanted }

    var hasAll: Bool { found.count == wanted.count }

    mutating func add(_ bytes: [UInt8]) {
        var bytes = bytes[...]
        while !bytes.isEmpty {
            if isComplete { rest = [] }
            isComplete = false
            let end = bytes.firstIndex(of: UInt8(ascii: "\n"))
            rest += bytes[..<(end ?? bytes.endIndex)].prefix(Self.longestLine - rest.count)
            guard let end else { return }
            finish()
            isComplete = true
            bytes = bytes[(end + 1)...]
        }
    }

    /// The text has ended, with or without a newline.
    mutating func finish() {
        let line = String(decoding: rest, as: UTF8.self)
        if wanted.contains(line) { found.insert(line) }
    }
}
