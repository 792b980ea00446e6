import NIOCore
import NIOWebSocket

/// Carries the bytes of another protocol in a WebSocket's binary messages. Where one message ends and the next begins means nothing.
final class WebSocketTunnel: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = WebSocketFrame
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = WebSocketFrame

    private var isInMessage = false
    private var hasClosed = false

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !hasClosed else { return }
        let frame = unwrapInboundIn(data)
        guard frame.maskKey != nil else { return refuse(context, .protocolError, "a client's frames must be masked") }
        guard !frame.rsv1, !frame.rsv2, !frame.rsv3 else { return refuse(context, .protocolError, "reserved bits without an extension") }
        switch frame.opcode {
        case .binary where !isInMessage, .continuation where isInMessage:
            isInMessage = !frame.fin
            let bytes = frame.unmaskedData
            if bytes.readableBytes > 0 { context.fireChannelRead(wrapInboundOut(bytes)) }
        case .connectionClose:
            // Answered before it came here.
            hasClosed = true
            context.close(promise: nil)
        case .text: refuse(context, .unacceptableData, "text, wanted binary messages")
        default: refuse(context, .protocolError, "a frame out of place")
        }
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        context.write(wrapOutboundOut(WebSocketFrame(fin: true, opcode: .binary, data: unwrapOutboundIn(data))), promise: promise)
    }

    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        if mode != .input, !hasClosed { sayGoodbye(context, .normalClosure, "") }
        context.close(mode: mode, promise: promise)
    }

    private func refuse(_ context: ChannelHandlerContext, _ code: WebSocketErrorCode, _ reason: String) {
        sayGoodbye(context, code, reason)
        context.fireErrorCaught(WebSocketViolation(code, reason))
        context.close(promise: nil)
    }

    private func sayGoodbye(_ context: ChannelHandlerContext, _ code: WebSocketErrorCode, _ reason: String) {
        hasClosed = true
        var data = ByteBuffer()
        data.write(webSocketErrorCode: code)
        data.writeString(reason)
        context.writeAndFlush(wrapOutboundOut(WebSocketFrame(fin: true, opcode: .connectionClose, data: data)), promise: nil)
    }
}
