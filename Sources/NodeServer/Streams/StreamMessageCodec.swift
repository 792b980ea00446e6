import FoundationEssentials
package import NIOCore
package import NIOWebSocket

/// Reads and writes the messages of one stream's WebSocket.
package struct StreamMessageCodec: Sendable {
    package let version: StreamProtocol

    package init(_ version: StreamProtocol) {
        self.version = version
    }

    package func decode(_ message: ByteBuffer) throws(WebSocketViolation) -> ClientMessage {
        var rest = message
        guard let first: UInt8 = rest.readInteger() else { return .nothing }
        if version.hasHalfClose, first == StreamChannel.close {
            guard rest.readableBytes == 1, let channel: UInt8 = rest.readInteger(), channel <= StreamChannel.resize else {
                throw WebSocketViolation(.protocolError, "a close signal carries the number of one channel")
            }
            return channel == StreamChannel.stdin ? .endOfStdin : .nothing
        }
        let channel = version.isBase64 ? first &- UInt8(ascii: "0") : first
        guard channel == StreamChannel.stdin || channel == StreamChannel.resize else { return .nothing }
        let bytes = try payload(rest)
        return channel == StreamChannel.stdin ? .stdin(bytes) : TerminalSizeMessage.decode(bytes.readableBytesView)
    }

    /// The channel of a message and its bytes, whatever they mean; `nil` for an empty message.
    func split(_ message: ByteBuffer) throws(WebSocketViolation) -> (channel: UInt8, bytes: ByteBuffer)? {
        var rest = message
        guard let first: UInt8 = rest.readInteger() else { return nil }
        return (version.isBase64 ? first &- UInt8(ascii: "0") : first, try payload(rest))
    }

    private func payload(_ bytes: ByteBuffer) throws(WebSocketViolation) -> ByteBuffer {
        guard version.isBase64 else { return bytes }
        guard let decoded = Data(base64Encoded: Data(bytes.readableBytesView)) else {
            throw WebSocketViolation(.dataInconsistentWithMessage, "a message of \(version.rawValue) is no base64")
        }
        return ByteBuffer(bytes: decoded)
    }

    /// Returns one message for one channel.
    package func encode(_ bytes: some Collection<UInt8>, on channel: UInt8) -> (opcode: WebSocketOpcode, data: ByteBuffer) {
        var data = ByteBuffer()
        if version.isBase64 {
            data.writeInteger(channel &+ UInt8(ascii: "0"))
            data.writeBytes(Data(bytes).base64EncodedData())
            return (.text, data)
        }
        data.reserveCapacity(bytes.count + 1)
        data.writeInteger(channel)
        data.writeBytes(bytes)
        return (.binary, data)
    }
}
