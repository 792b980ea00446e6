package import NIOCore

/// Closes an HTTP connection when its client has closed its side.
///
/// Hummingbird allows half-closed connections, so a response that is still being streamed (a watch, a followed log) would
/// learn of a client that went away only with its next write. Goes into `HTTP1Channel.Configuration.additionalChannelHandlers`.
package final class CloseOnInputClosed: ChannelInboundHandler, RemovableChannelHandler {
    package typealias InboundIn = NIOAny

    package init() {}

    package func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .inputClosed? = event as? ChannelEvent {
            context.close(promise: nil)
        } else {
            context.fireUserInboundEventTriggered(event)
        }
    }
}
