import NIOCore
import NIOHTTP2

/// Pings the server of an HTTP/2 connection that has become silent, and closes the connection when no answer comes.
///
/// The kernel notices a machine that is gone. It does not notice an API server that hangs, or one that is gone behind a load balancer that keeps the
/// node's connection: every watch would show a world that stands still, for as long as the watch lasts.
final class ConnectionPulse: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTP2Frame
    typealias OutboundOut = HTTP2Frame

    private let silence: TimeAmount
    /// How long the answer to a ping may take.
    private let patience: TimeAmount
    private var lastRead = NIODeadline.uptimeNanoseconds(0)
    private var isAsked = false
    private var timer: Scheduled<Void>?

    /// - Parameter silence: without a byte from the server, before the ping.
    init(silence: TimeAmount) {
        self.silence = silence
        patience = .nanoseconds(silence.nanoseconds / 2)
    }

    func handlerAdded(context: ChannelHandlerContext) {
        lastRead = context.eventLoop.now
        look(context, in: silence)
    }

    func handlerRemoved(context: ChannelHandlerContext) { timer?.cancel() }

    func channelInactive(context: ChannelHandlerContext) {
        timer?.cancel()
        context.fireChannelInactive()
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        lastRead = context.eventLoop.now
        isAsked = false
        context.fireChannelReadComplete()
    }

    private func look(_ context: ChannelHandlerContext, in pause: TimeAmount) {
        timer = context.eventLoop.assumeIsolated().scheduleTask(in: pause) { self.look(context) }
    }

    private func look(_ context: ChannelHandlerContext) {
        guard !isAsked else { return context.close(promise: nil) }
        let quiet = context.eventLoop.now - lastRead
        guard quiet >= silence else { return look(context, in: silence - quiet) }
        isAsked = true
        let ping = HTTP2Frame(streamID: .rootStream, payload: .ping(HTTP2PingData(), ack: false))
        context.writeAndFlush(wrapOutboundOut(ping), promise: nil)
        look(context, in: patience)
    }
}
