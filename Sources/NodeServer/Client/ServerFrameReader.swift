import NIOCore
import NIOWebSocket

/// Reads the frames of a WebSocket's server out of a stream of bytes (RFC 6455 section 5.2).
///
/// NIO's own client upgrader does not fit: when the connection ends in the same read as the answer to the handshake, its HTTP decoder drops the
/// frames behind that answer, and with them the output and the status of a short command.
struct ServerFrameReader: Sendable {
    struct Frame: Sendable {
        let opcode: WebSocketOpcode
        let data: ByteBuffer
    }

    /// This side's servers write less in one frame.
    private static let longestFrame = 16 << 20

    private var bytes = ByteBuffer()

    mutating func add(_ more: ByteBuffer) {
        if bytes.readableBytes == 0 {
            bytes = more
        } else {
            bytes.writeImmutableBuffer(more)
            bytes.discardReadBytes()
        }
    }

    /// The next whole frame; `nil` when more bytes are needed.
    mutating func next() throws(StreamClientError) -> Frame? {
        var rest = bytes
        guard let first: UInt8 = rest.readInteger(), let second: UInt8 = rest.readInteger() else { return nil }
        guard first & 0x80 != 0, first & 0x70 == 0, second & 0x80 == 0, let opcode = WebSocketOpcode(encodedWebSocketOpcode: first & 0x0F) else {
            throw .brokenAnswer("a WebSocket frame that is split, masked or extended")
        }
        let length: Int
        switch second {
        case 127:
            guard let long: UInt64 = rest.readInteger() else { return nil }
            length = Int(clamping: long)
        case 126:
            guard let short: UInt16 = rest.readInteger() else { return nil }
            length = Int(short)
        default: length = Int(second)
        }
        guard length <= Self.longestFrame else { throw .brokenAnswer("a WebSocket frame of \(length) bytes") }
        guard let data = rest.readSlice(length: length) else { return nil }
        bytes = rest
        return Frame(opcode: opcode, data: data)
    }
}
