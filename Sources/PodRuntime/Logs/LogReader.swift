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
    private let follow: Bool
    private var file: LogFile
    private var offset: Int64
    private var parser: LogParser

    init(path: String, options: LogOptions) throws(SystemError) {
        self.path = path
        follow = options.follow
        file = try LogFile(path)
        offset = 0
        if let lines = options.tailLines {
            offset = try LogTail.offset(ofLast: lines, in: file.descriptor, size: file.size)
        }
        parser = LogParser(options.timestamps, since: options.since, limit: options.limitBytes)
    }

    /// - Parameter isEnded: nothing was written any more when this was called.
    mutating func next(isEnded: Bool) throws(SystemError) -> Step {
        while !parser.isExhausted {
            let block = try LogFile.read(file.descriptor, at: offset, count: Self.blockSize)
            if block.isEmpty {
                guard follow else { return .end }
                guard let successor = try file.successor(at: path) else {
                    // A file that was emptied in place starts again.
                    if try file.size < offset {
                        offset = 0
                        parser.beginFile()
                        continue
                    }
                    return isEnded ? .end : .nothingYet
                }
                // The writer has left this file before the other one was there: only now its end is final.
                if try file.size > offset { continue }
                file = successor
                offset = 0
                parser.beginFile()
                continue
            }
            offset += Int64(block.count)
            let output = parser.consume(block[...])
            if !output.isEmpty { return .bytes(output) }
        }
        return .end
    }
}
