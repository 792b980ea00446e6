import NIOCore
import NIOWebSocket

/// Answers pings and the client's close beneath the conversation, so that they are answered while the program does not take
/// its input, and ends a connection on which nothing happens for a long time.
final class ControlFrameResponder: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = WebSocketFrame
    typealias InboundOut = WebSocketFrame
    typealias OutboundIn = WebSocketFrame
    typealias OutboundOut = WebSocketFrame

    /// Succeeds when this side's close has left for the client; fails when the connection ends before.
    private let farewell: EventLoopPromise<Void>
    private var hasClosed = false

    init(farewell: EventLoopPromise<Void>) {
        self.farewell = farewell
    }

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
            context.writeAndFlush(answer, promise: farewell)
            context.fireChannelRead(data)
        case .ping, .pong: break
        default: context.fireChannelRead(data)
        }
    }

    /// This side sends one close, whichever side closes first.
    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard unwrapOutboundIn(data).opcode == .connectionClose else {
            context.write(data, promise: promise)
            return
        }
        guard !hasClosed else {
            promise?.succeed()
            return
        }
        hasClosed = true
        if let promise { farewell.futureResult.cascade(to: promise) }
        context.write(data, promise: farewell)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        if !hasClosed { farewell.fail(ChannelError.alreadyClosed) }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is IdleStateHandler.IdleStateEvent {
            context.close(promise: nil)
        } else {
            context.fireUserInboundEventTriggered(event)
        }
    }
}
