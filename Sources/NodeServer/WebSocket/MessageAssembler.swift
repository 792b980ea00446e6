package import NIOCore
package import NIOWebSocket

/// Puts a client's frames together to messages (RFC 6455 section 5.4).
///
/// NIO's own `NIOWebSocketFrameAggregator` does not fit: it keeps every fragment as a slice of the buffer that the fragment arrived in, so that
/// many small fragments hold far more memory than their message has, or their number must be limited, and clients (Go's for example) do
/// write one message as hundreds of fragments. Here fragments are copied into one buffer. The aggregator also drops mask and reserved
/// bits, which have to be checked on every frame.
package struct MessageAssembler: Sendable {
    package enum Output: Sendable, Hashable {
        case message(ByteBuffer)
        /// The client closes the connection.
        case close
        /// More frames are needed, or the frame was a ping or pong, which are answered below.
        case nothing
    }

    /// Bytes of one message. client-go writes 32 KiB at a time, other clients all that they are given.
    package static let longestMessage = 4 << 20

    private var partial: ByteBuffer?

    package init() {}

    package mutating func add(_ frame: WebSocketFrame) throws(WebSocketViolation) -> Output {
        guard frame.maskKey != nil else { throw WebSocketViolation(.protocolError, "a client's frames must be masked") }
        guard !frame.rsv1, !frame.rsv2, !frame.rsv3 else { throw WebSocketViolation(.protocolError, "reserved bits without an extension") }
        switch frame.opcode {
        case .binary, .text:
            guard partial == nil else { throw WebSocketViolation(.protocolError, "a new message before the last one ended") }
            return try append(frame.unmaskedData, to: ByteBuffer(), isLast: frame.fin)
        case .continuation:
            guard let begun = partial else { throw WebSocketViolation(.protocolError, "a continuation of no message") }
            // Released first, so that appending does not copy what is there.
            partial = nil
            return try append(frame.unmaskedData, to: begun, isLast: frame.fin)
        case .connectionClose: return .close
        case .ping, .pong: return .nothing
        default: throw WebSocketViolation(.protocolError, "unknown kind of frame")
        }
    }

    private mutating func append(_ data: ByteBuffer, to begun: ByteBuffer, isLast: Bool) throws(WebSocketViolation) -> Output {
        guard begun.readableBytes + data.readableBytes <= Self.longestMessage else {
            throw WebSocketViolation(.messageTooLarge, "a message of more than \(Self.longestMessage) bytes")
        }
        var message = begun
        if message.readableBytes == 0 { message = data } else { message.writeImmutableBuffer(data) }
        if isLast { return .message(message) }
        partial = message
        return .nothing
    }
}
