import NIOCore

/// Closes a connection that is still busy some time after the server has begun to stop.
///
/// A client that has stopped reading, such as a log in a pager, would otherwise hold up the end of the agent for as long as it likes.
final class StopDeadline: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = NIOAny

    private let patience: TimeAmount

    /// - Parameter patience: for the answers that are under way.
    init(_ patience: TimeAmount) { self.patience = patience }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is ChannelShouldQuiesceEvent {
            let channel = context.channel
            context.eventLoop.scheduleTask(in: patience) { channel.close(promise: nil) }
        }
        context.fireUserInboundEventTriggered(event)
    }
}
