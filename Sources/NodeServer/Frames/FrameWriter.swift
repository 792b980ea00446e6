import NIOCore
import Synchronization
import Timing

/// Writes frames to a connection for any number of tasks. Every call waits while the client does not read, so at most two frames wait in memory: one
/// is encrypted while its writer brings the next.
final class FrameWriter<Frame: Sendable>: Sendable {
    private let outbound: NIOAsyncChannelOutboundWriter<Frame>
    private let channel: any Channel
    private let turn = SerialTurn()
    /// Done when the event loop has taken the last frame, and the channel tells whether it is full.
    private let taken = Mutex<EventLoopFuture<Void>?>(nil)

    init(_ outbound: NIOAsyncChannelOutboundWriter<Frame>, _ channel: any Channel) {
        self.outbound = outbound
        self.channel = channel
    }

    func write(_ frame: Frame) async throws {
        await turn.take()
        defer { turn.end() }
        try await taken.withLock { $0 }?.get()
        try await outbound.write(frame)
        taken.withLock { $0 = channel.eventLoop.submit {} }
    }

    /// Returns when the frame, and all before it, have left for the client.
    func writeLast(_ frame: Frame) async throws {
        await turn.take()
        defer { turn.end() }
        try await channel.writeAndFlush(frame)
    }

    /// Writes without waiting: for a few small frames from where nothing can wait.
    func writeAtOnce(_ frame: Frame) { channel.writeAndFlush(frame, promise: nil) }
}
