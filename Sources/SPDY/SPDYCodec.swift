package import NIOCore

/// Frames out of a channel's bytes, for a `ByteToMessageHandler`.
package struct SPDYByteDecoder: ByteToMessageDecoder {
    package typealias InboundOut = SPDYFrame

    private let decoder = SPDYFrameDecoder()

    package init() {}

    package mutating func decode(context: ChannelHandlerContext, buffer: inout ByteBuffer) throws -> DecodingState {
        guard let frame = try decoder.next(&buffer) else { return .needMoreData }
        context.fireChannelRead(wrapInboundOut(frame))
        return .continue
    }
}

/// Bytes for a channel out of frames, for a `MessageToByteHandler`.
package struct SPDYByteEncoder: MessageToByteEncoder {
    package typealias OutboundIn = SPDYFrame

    private let encoder = SPDYFrameEncoder()

    package init() {}

    package func encode(data: SPDYFrame, out: inout ByteBuffer) throws { try encoder.encode(data, into: &out) }
}
