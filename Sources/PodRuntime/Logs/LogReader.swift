import Glibc
import LinuxSystem
import PodCore

/// Reads a log file with its rotations, block by block. Blocking: runs on the runtime's threads.
struct LogReader: Sendable {
    enum Step: Sendable {
        case bytes([UInt8])
        /// Everything that is there was read.
        case nothingYet
        case end
    }

    static let blockSize = 64 << 10

    private let path: String
    /// Where a reader that does not follow stops: the end of the file when it began.
    private let end: Int64?
    private var file: LogFile
    private var offset: Int64
    private var parser: LogParser

    init(path: String, options: LogOptions) throws(SystemError) {
        self.path = path
        file = try LogFile(path)
        let size = try file.size
        end = options.follow ? nil : size
        offset = 0
        if let lines = options.tailLines {
            offset = try LogTail.offset(ofLast: lines, in: file.descriptor, size: size)
        }
        parser = LogParser(options.timestamps, since: options.since, limit: options.limitBytes)
    }

    /// - Parameter isEnded: nothing was written any more when this was called.
    mutating func next(isEnded: Bool) throws(SystemError) -> Step {
        while !parser.isExhausted {
            let block = try read()
            var entries = Self.wholeEntries(block)
            if entries.isEmpty {
                switch try position(behind: block, isEnded: isEnded) {
                case .amidst: continue
                case .waiting: return .nothingYet
                case .final where block.isEmpty: return .end
                case .final: entries = block[...]
                case .before(let successor) where block.isEmpty:
                    file = successor
                    offset = 0
                    parser.beginFile()
                    continue
                case .before: entries = block[...]
                }
            }
            offset += Int64(entries.count)
            let output = parser.consume(entries)
            if !output.isEmpty { return .bytes(output) }
        }
        return .end
    }

    private func read() throws(SystemError) -> [UInt8] {
        // No more than there is: hundreds of followers of quiet logs would take and free a block each time.
        let end = if let end { end } else { try file.size }
        return try LogFile.read(file.descriptor, at: offset, count: Int(min(Int64(Self.blockSize), max(0, end - offset))))
    }

    /// Without an entry whose end is not written yet: a writer that finds the disk full takes it back. Entries larger than a block are passed on in
    /// pieces.
    private static func wholeEntries(_ block: [UInt8]) -> ArraySlice<UInt8> {
        if let last = block.lastIndex(of: UInt8(ascii: "\n")) { return block[...last] }
        return block.count < blockSize ? [] : block[...]
    }

    /// Where the reader stands when no whole entry follows.
    private enum Position {
        /// There is more to read, or less than was read.
        case amidst
        /// The writer goes on here.
        case waiting
        /// Nothing more comes.
        case final
        /// The file is complete, and another one follows.
        case before(LogFile)
    }

    private mutating func position(behind block: [UInt8], isEnded: Bool) throws(SystemError) -> Position {
        guard end == nil else { return .final }
        let successor = try file.successor(at: path)
        let size = try file.size
        if size < offset {
            // The file was cut, perhaps to nothing. What is left was read.
            offset = size
            parser.beginFile()
            return .amidst
        }
        // The writer has left this file before the other one was there: only now its end is final.
        if size > offset + Int64(block.count) { return .amidst }
        if let successor { return .before(successor) }
        return isEnded ? .final : .waiting
    }
}
