import FoundationEssentials
import KubeModel
package import NIOCore
package import NIOWebSocket

/// Reads and writes the messages of one stream's WebSocket.
package struct StreamMessageCodec: Sendable {
    /// The meaning of a client's message.
    package enum ClientMessage: Sendable, Hashable {
        case stdin(ByteBuffer)
        case endOfStdin
        case resize(width: UInt16, height: UInt16)
        /// Nothing: an empty message, or one for a channel that clients do not write.
        case nothing
    }

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
        if version.isBase64 {
            guard let bytes = Data(base64Encoded: Data(rest.readableBytesView)) else {
                throw WebSocketViolation(.dataInconsistentWithMessage, "a message of \(version.rawValue) is no base64")
            }
            rest = ByteBuffer(bytes: bytes)
        }
        return channel == StreamChannel.stdin ? .stdin(rest) : Self.resize(rest)
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

    /// A size that does not decode changes nothing, as with kubelet.
    private static func resize(_ bytes: ByteBuffer) -> ClientMessage {
        guard let size = try? JSONParser.parse(bytes.readableBytesView),
            let width = size["Width"]?.integer.flatMap(UInt16.init(exactly:)), let height = size["Height"]?.integer.flatMap(UInt16.init(exactly:))
        else { return .nothing }
        return .resize(width: width, height: height)
    }
}
