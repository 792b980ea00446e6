import NIOCore

/// The frames of a connection for one task at a time, across the steps of its work.
final class FrameSource<Frame: Sendable>: @unchecked Sendable {
    // NIO's iterator is not sendable, because two tasks must not use it at once.
    private var iterator: NIOAsyncChannelInboundStream<Frame>.AsyncIterator

    init(_ frames: NIOAsyncChannelInboundStream<Frame>) { iterator = frames.makeAsyncIterator() }

    /// The next frame; `nil` when the client has closed its side.
    func next() async throws -> Frame? { try await iterator.next() }
}
