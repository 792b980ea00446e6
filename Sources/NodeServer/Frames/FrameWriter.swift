import HTTPUpgrade
import NIOCore
import Timing

/// Writes frames to a connection for any number of tasks. Every call waits while the client does not read, so at most one frame waits in memory.
struct FrameWriter<Frame: Sendable>: Sendable {
    private let outbound: NIOAsyncChannelOutboundWriter<Frame>
    private let channel: any Channel
    private let turn = SerialTurn()

    init(_ outbound: NIOAsyncChannelOutboundWriter<Frame>, _ channel: any Channel) {
        self.outbound = outbound
        self.channel = channel
    }

    func write(_ frame: Frame) async throws {
        await turn.take()
        defer { turn.end() }
        try await outbound.write(frame)
        try await channel.eventLoop.catchUp()
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
