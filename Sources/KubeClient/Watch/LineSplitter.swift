package import NIOCore

/// Cuts a stream of chunks into lines. Holds at most one unfinished line and whatever chunk came last.
package struct LineSplitter: Sendable {
    package static let longestLine = 16 << 20

    private let limit: Int
    private var buffer = ByteBuffer()
    /// Bytes of `buffer` known to hold no line end, so that a line in many chunks is not searched again and again.
    private var searched = 0

    package init(limit: Int = LineSplitter.longestLine) {
        self.limit = limit
    }

    package mutating func append(_ chunk: ByteBuffer) {
        if buffer.readableBytes == 0 {
            buffer = chunk
        } else {
            buffer.discardReadBytes()
            buffer.writeImmutableBuffer(chunk)
        }
    }

    /// The next complete line without its end; nil when more bytes are needed. Empty lines are left out.
    package mutating func next() throws(APIError) -> ByteBuffer? {
        while true {
            let view = buffer.readableBytesView
            guard let end = view.dropFirst(searched).firstIndex(of: UInt8(ascii: "\n")) else {
                searched = view.count
                guard searched <= limit else {
                    throw APIError(
                        .tooLarge, operation: "read", object: "watch", reason: "a line has more than \(limit) bytes; wanted one event on a line")
                }
                return nil
            }
            var length = end - view.startIndex
            guard length <= limit else {
                throw APIError(
                    .tooLarge, operation: "read", object: "watch", reason: "a line has more than \(limit) bytes; wanted one event on a line")
            }
            searched = 0
            let hasReturn = length > 0 && view[end - 1] == UInt8(ascii: "\r")
            if hasReturn { length -= 1 }
            let line = buffer.readSlice(length: length)
            buffer.moveReaderIndex(forwardBy: hasReturn ? 2 : 1)
            if let line, line.readableBytes > 0 { return line }
        }
    }

    /// Bytes of a line that has begun and not ended.
    package var pendingBytes: Int { buffer.readableBytes }
}
