import Glibc
import LinuxSystem

/// The last lines of a CRI log as the program wrote them.
enum LogEnd {
    /// At most `lines` lines and `limit` bytes of text.
    static func text(at path: String, lines: Int, limit: Int) throws(SystemError) -> String {
        let descriptor = try OwnedFileDescriptor.open(path, O_RDONLY | O_NOFOLLOW)
        let size = try systemCall("lseek", path) { descriptor.withRawValue { lseek($0, 0, SEEK_END) } }
        // Every line carries a prefix of about 45 bytes: twice the limit and that much for each line is enough.
        let start = max(0, size - off_t(limit * 2 + lines * 64))
        try systemCall("lseek", path) { descriptor.withRawValue { lseek($0, start, SEEK_SET) } }
        let raw = try descriptor.readAll(limit: Int(size - start) + (1 << 20), path: path)
        var text: [UInt8] = []
        var kept = raw.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: true)
        if start > 0, !kept.isEmpty { kept.removeFirst() }
        for line in kept.suffix(lines) { text += content(of: line) }
        return String(decoding: text.suffix(limit), as: UTF8.self)
    }

    /// Without time, stream and tag; with its line end when the tag says that the line is whole.
    private static func content(of line: ArraySlice<UInt8>) -> [UInt8] {
        let parts = line.split(separator: UInt8(ascii: " "), maxSplits: 3, omittingEmptySubsequences: false)
        guard parts.count == 4 else { return [] }
        return Array(parts[3]) + (parts[2].first == UInt8(ascii: "F") ? [UInt8(ascii: "\n")] : [])
    }
}
