package import NIOCore

extension EventLoop {
    /// Returns when the loop has done what it was given before.
    ///
    /// NIO's asynchronous writers return as soon as the loop has been asked to write: who writes faster than the loop encrypts would pile up
    /// requests there, and the channel never tell that it is full. To be called after each write of a stream that may be long.
    package func catchUp() async throws { try await submit {}.get() }
}
