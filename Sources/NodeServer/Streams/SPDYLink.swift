import KubeModel
import NIOCore
import SPDY
import Synchronization

/// An exec or attach over SPDY: a stream for each of the program's streams, one for the status, one for a terminal's sizes.
final class SPDYLink: StreamLink {
    /// Bytes of stdin that may come before all streams are there.
    private static let mostEarlyBytes = 1 << 20

    private struct State {
        var streams: CommandStreams
        /// Messages that came together with others. A slice loses its first element without moving the others, and one frame may hold very many
        /// sizes of a terminal.
        var waiting: ArraySlice<ClientMessage> = []
        var isOver = false
    }

    let channel: any Channel
    private let frames: FrameSource<SPDYFrame>
    private let writer: FrameWriter<SPDYFrame>
    private let version: CommandProtocol
    private let state: Mutex<State>

    init(
        _ inbound: NIOAsyncChannelInboundStream<SPDYFrame>, _ outbound: NIOAsyncChannelOutboundWriter<SPDYFrame>, _ channel: any Channel,
        _ options: StreamOptions, _ version: CommandProtocol
    ) {
        self.channel = channel
        frames = FrameSource(inbound)
        writer = FrameWriter(outbound, channel)
        self.version = version
        state = Mutex(State(streams: CommandStreams(options, version)))
    }

    /// Waits for every stream that the request asked for.
    ///
    /// - Returns: false when the client left, or took too long.
    func open(within patience: TimeAmount) async throws -> Bool {
        let channel = channel
        let deadline = channel.eventLoop.scheduleTask(in: patience) { channel.close(promise: nil) }
        defer { deadline.cancel() }
        var early = 0
        while !state.withLock({ $0.streams.isComplete }) {
            guard let frame = try await frames.next() else { return false }
            if case .data(_, let bytes, _) = frame { early += bytes.count }
            guard early <= Self.mostEarlyBytes else { throw SPDYViolation("more than \(Self.mostEarlyBytes) bytes before all streams are open") }
            try await take(frame)
            if state.withLock({ $0.isOver }) { return false }
        }
        return true
    }

    /// The replies to the streams have told the client.
    func hello(stdout: Bool, stderr: Bool) async throws {}

    func receive() async throws -> ClientMessage? {
        while true {
            let (message, isOver) = state.withLock { state -> (ClientMessage?, Bool) in
                (state.waiting.popFirst(), state.isOver)
            }
            if let message { return message }
            guard !isOver, let frame = try await frames.next() else { return nil }
            try await take(frame)
        }
    }

    func output(_ bytes: [UInt8], on channel: UInt8) async throws {
        guard let frame = state.withLock({ $0.streams.output(bytes, on: channel) }) else { return }
        try await writer.write(frame)
    }

    func end(_ status: Status) async throws {
        if let bytes = try StreamStatus.bytes(status, structured: version.hasStructuredStatus) {
            try await output(bytes, on: StreamChannel.error)
        }
        let ends = state.withLock { $0.streams.ends() }
        for frame in ends.dropLast() { try await writer.write(frame) }
        if let last = ends.last { try await writer.writeLast(last) }
    }

    func close(after error: any Error) {
        if let violation = error as? SPDYViolation { SPDYChannel.close(channel, violation) } else { channel.close(promise: nil) }
    }

    private func take(_ frame: SPDYFrame) async throws {
        let replies = try state.withLock { (state) throws(SPDYViolation) -> [SPDYFrame] in
            let output = try state.streams.receive(frame)
            state.waiting += output.messages
            if output.isOver { state.isOver = true }
            return output.replies
        }
        for reply in replies { try await writer.write(reply) }
    }
}
