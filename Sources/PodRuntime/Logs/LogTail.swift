import Glibc
import LinuxSystem

/// Finds where the last lines of a CRI log begin, reading backwards in blocks.
enum LogTail {
    static let blockSize = 64 << 10

    /// The offset at which the last `lines` lines begin. A line that is split over several entries counts once, and as a whole.
    static func offset(ofLast lines: Int, in file: OwnedFileDescriptor, size: Int64) throws(SystemError) -> Int64 {
        guard lines > 0, size > 0 else { return size }
        var scan = Scan(wanted: lines, size: size)
        // The file's last byte ends its last entry and begins none.
        var end = size - 1
        while end > 0 {
            let start = max(0, end - Int64(blockSize))
            let block = try LogFile.read(file, at: start, count: Int(end - start))
            guard block.count == Int(end - start) else { break }
            for index in newlines(block).reversed() {
                let begin = start + Int64(index) + 1
                let head =
                    block.count - index - 1 >= LogParser.longestPrefix
                    ? Array(block[(index + 1)..<(index + 1 + LogParser.longestPrefix)])
                    : try LogFile.read(file, at: begin, count: LogParser.longestPrefix)
                if let found = scan.entry(at: begin, isFull: isFull(head)) { return found }
            }
            end = start
        }
        let head = try LogFile.read(file, at: 0, count: LogParser.longestPrefix)
        return scan.entry(at: 0, isFull: isFull(head)) ?? 0
    }

    private static func newlines(_ block: [UInt8]) -> [Int] {
        var found: [Int] = []
        var rest = block[...]
        while let index = LogParser.firstNewline(in: rest) {
            found.append(index)
            rest = block[(index + 1)...]
        }
        return found
    }

    /// A line that is not in CRI format counts as well.
    private static func isFull(_ head: [UInt8]) -> Bool {
        let line = head.prefix { $0 != UInt8(ascii: "\n") }
        let parts = line.split(separator: UInt8(ascii: " "), maxSplits: 3, omittingEmptySubsequences: false)
        guard parts.count >= 3 else { return true }
        return LogParser.Entry(Array(parts[..<3].joined(separator: [UInt8(ascii: " ")])))?.isFull ?? true
    }

    private struct Scan {
        let wanted: Int
        var candidate: Int64
        var lines = 0
        var isLast = true

        init(wanted: Int, size: Int64) {
            self.wanted = wanted
            candidate = size
        }

        /// Entries come from the last to the first. The answer, once there are enough.
        mutating func entry(at offset: Int64, isFull: Bool) -> Int64? {
            // A part belongs to the line that the entry behind it ends; the last entry ends a line in any case.
            if isFull || isLast {
                if lines == wanted { return candidate }
                lines += 1
            }
            isLast = false
            candidate = offset
            return nil
        }
    }
}
