package import NIOCore

extension EventLoop {
    /// Returns when the loop has finished its earlier tasks.
    ///
    /// NIO's asynchronous writers return as soon as the write is queued on the loop. A writer that is faster than the loop's encryption would
    /// fill that queue, and the channel would never report that it is full. Call this after each write of a stream that may be long.
    package func catchUp() async throws { try await submit {}.get() }
}
