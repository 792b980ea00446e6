import LinuxSystem

/// The names that a log's rotated files have: `<name>.YYYYMMDD-HHMMSS`, with a number behind it for further ones of that second. They sort by
/// time. Compressed ones end in `.gz`, what is being compressed in `.tmp`.
enum RotatedLogs {
    static let compressed = ".gz"
    static let unfinished = ".tmp"

    /// The names of the rotated files of `path` that end in `ending`, oldest first and without the ending.
    static func names(of path: String, among entries: [String], ending: String = "") -> [String] {
        let prefix = path[(path.lastIndex(of: "/").map(path.index(after:)) ?? path.startIndex)...] + "."
        return entries.lazy
            .filter { $0.hasPrefix(prefix) && $0.hasSuffix(ending) }
            .map { String($0.dropLast(ending.count)) }
            .filter { isSuffix($0.dropFirst(prefix.count)) }
            .sorted()
    }

    private static func isSuffix(_ suffix: Substring) -> Bool {
        let parts = suffix.split(separator: "-", omittingEmptySubsequences: false)
        guard (2...3).contains(parts.count), parts[0].count == 8, parts[1].count == 6 else { return false }
        return parts.allSatisfy { !$0.isEmpty && $0.utf8.allSatisfy { (0x30...0x39).contains($0) } }
    }
}
