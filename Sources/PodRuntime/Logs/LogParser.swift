import Glibc
import KubeModel

/// Takes CRI log lines (`<time> <stream> <P|F> <text>`) apart as they come, in pieces of any size: a line of a gigabyte passes through
/// without being held. Entries with tag `P` are joined with what follows them.
struct LogParser: Sendable {
    /// The longest beginning of an entry: a time, a stream and tags.
    static let longestPrefix = 128

    private enum Position: Sendable {
        case prefix
        case text(isShown: Bool, isFull: Bool)
        /// The rest of a line that is not in CRI format.
        case malformed
    }

    private let timestamps: Bool
    private let since: Timestamp?
    private var remaining: Int?
    private var position = Position.prefix
    private var prefix: [UInt8] = []
    /// The output stands at the beginning of a line.
    private var isLineStart = true

    init(_ timestamps: Bool, since: Timestamp?, limit: Int?) {
        self.timestamps = timestamps
        self.since = since
        remaining = limit
    }

    /// Nothing more may be shown.
    var isExhausted: Bool { remaining.map { $0 <= 0 } ?? false }

    /// The input goes on in another file: an entry that was cut off is not continued there.
    mutating func beginFile() {
        position = .prefix
        prefix = []
    }

    /// Returns the output of the next bytes of the file.
    mutating func consume(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
        var output: [UInt8] = []
        // The input has everything that the output can show: a block's output never has to grow.
        output.reserveCapacity(bytes.count)
        var rest = bytes
        while !rest.isEmpty, !isExhausted {
            switch position {
            case .prefix: rest = readPrefix(rest, &output)
            case .text(let isShown, let isFull): rest = readText(rest, isShown, isFull, &output)
            case .malformed:
                guard let end = LogParser.firstNewline(in: rest) else { return output }
                rest = rest[(end + 1)...]
                position = .prefix
            }
        }
        return output
    }

    private mutating func readPrefix(_ bytes: ArraySlice<UInt8>, _ output: inout [UInt8]) -> ArraySlice<UInt8> {
        var spaces = prefix.count { $0 == space }
        for index in bytes.indices {
            let byte = bytes[index]
            if byte == newline {
                // An empty text without the space before it, or no CRI line at all.
                let entry = Entry(prefix)
                prefix = []
                if let entry {
                    begin(entry, &output)
                    if case .text(true, true) = position { show([newline], &output) }
                    endEntry()
                }
                position = .prefix
                return bytes[(index + 1)...]
            }
            if byte == space { spaces += 1 }
            if spaces == 3 {
                let entry = Entry(prefix)
                prefix = []
                if let entry { begin(entry, &output) } else { position = .malformed }
                return bytes[(index + 1)...]
            }
            prefix.append(byte)
            if prefix.count > Self.longestPrefix {
                prefix = []
                position = .malformed
                return bytes[(index + 1)...]
            }
        }
        return []
    }

    private mutating func begin(_ entry: Entry, _ output: inout [UInt8]) {
        let isShown = since.map { entry.time >= $0 } ?? true
        position = .text(isShown: isShown, isFull: entry.isFull)
        if isShown, timestamps, isLineStart { show(entry.timeText + [space], &output) }
    }

    private mutating func readText(
        _ bytes: ArraySlice<UInt8>, _ isShown: Bool, _ isFull: Bool, _ output: inout [UInt8]
    ) -> ArraySlice<UInt8> {
        guard let end = Self.firstNewline(in: bytes) else {
            if isShown { show(bytes, &output) }
            return []
        }
        if isShown {
            // The newline of a part is the log file's, not the program's.
            show(isFull ? bytes[...end] : bytes[..<end], &output)
            endEntry()
        }
        position = .prefix
        return bytes[(end + 1)...]
    }

    /// The index of the first newline. Lines can be long: the C library looks at many bytes at once.
    static func firstNewline(in bytes: ArraySlice<UInt8>) -> Int? {
        bytes.withUnsafeBytes { buffer in
            guard let start = buffer.baseAddress, let found = memchr(start, Int32(UInt8(ascii: "\n")), buffer.count) else { return nil }
            return bytes.startIndex + (UnsafeRawPointer(found) - start)
        }
    }

    private mutating func endEntry() {
        if case .text(true, let isFull) = position { isLineStart = isFull }
    }

    private mutating func show(_ bytes: some Collection<UInt8>, _ output: inout [UInt8]) {
        guard let remaining else {
            output.append(contentsOf: bytes)
            return
        }
        let part = bytes.prefix(max(0, remaining))
        output.append(contentsOf: part)
        self.remaining = remaining - part.count
    }

    /// The beginning of an entry, without the space before its text.
    struct Entry: Sendable {
        let timeText: [UInt8]
        let time: Timestamp
        let isFull: Bool

        init?(_ prefix: [UInt8]) {
            let parts = prefix.split(separator: space, omittingEmptySubsequences: false)
            guard parts.count == 3, parts[1].elementsEqual("stdout".utf8) || parts[1].elementsEqual("stderr".utf8),
                let time = Timestamp(rfc3339: String(decoding: parts[0], as: UTF8.self))
            else { return nil }
            // Tags are separated by colons; the first one is about completeness.
            let tag = parts[2].prefix { $0 != UInt8(ascii: ":") }
            guard tag.count == 1, let letter = tag.first, letter == UInt8(ascii: "F") || letter == UInt8(ascii: "P") else { return nil }
            timeText = Array(parts[0])
            self.time = time
            isFull = letter == UInt8(ascii: "F")
        }
    }
}

private let newline = UInt8(ascii: "\n")
private let space = UInt8(ascii: " ")
