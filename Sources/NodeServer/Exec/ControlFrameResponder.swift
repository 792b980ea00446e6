import NIOCore
import NIOWebSocket

/// Answers pings and the client's close beneath the conversation, so that they are answered while the program does not take
/// its input, and ends a connection on which nothing happens for a long time.
final class ControlFrameResponder: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = WebSocketFrame
    typealias InboundOut = WebSocketFrame
    typealias OutboundIn = WebSocketFrame
    typealias OutboundOut = WebSocketFrame

    private var hasClosed = false

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let frame = unwrapInboundIn(data)
        switch frame.opcode {
        // A client that does not read its pongs gets no more of them: they would pile up here.
        case .ping where context.channel.isWritable:
            context.writeAndFlush(wrapOutboundOut(WebSocketFrame(fin: true, opcode: .pong, data: frame.unmaskedData)), promise: nil)
        case .connectionClose where !hasClosed:
            // The code, if there is one, goes back; the text does not.
            let code = frame.unmaskedData.getSlice(at: frame.unmaskedData.readerIndex, length: 2) ?? ByteBuffer()
            let answer = wrapOutboundOut(WebSocketFrame(fin: true, opcode: .connectionClose, data: code))
            hasClosed = true
            context.writeAndFlush(answer, promise: nil)
            context.fireChannelRead(data)
        case .ping, .pong: break
        default: context.fireChannelRead(data)
        }
    }

    /// Whoever closes first, this side sends one close.
    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        if unwrapOutboundIn(data).opcode == .connectionClose { hasClosed = true }
        context.write(data, promise: promise)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is IdleStateHandler.IdleStateEvent {
            context.close(promise: nil)
        } else {
            context.fireUserInboundEventTriggered(event)
        }
    }
}
