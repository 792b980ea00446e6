import KubeModel
import NIOCore

/// A client's end of one exec or attach, whatever carries it. One task receives and one sends.
protocol StreamLink: Sendable {
    var channel: any Channel { get }

    /// Tells the client that the connection is there.
    func hello(stdout: Bool, stderr: Bool) async throws

    /// The client's next message; `nil` when it has left. Throws when it broke the protocol, or the connection is lost.
    func receive() async throws -> ClientMessage?

    /// Sends what the program wrote; waits while the client does not read.
    /// - Parameter channel: of ``StreamChannel``.
    func output(_ bytes: [UInt8], on channel: UInt8) async throws

    /// How it ended, and that nothing follows. Returns when all of it has left for the client: what still waited here would be lost with
    /// the connection.
    func end(_ status: Status) async throws

    /// Ends the connection after an error that ``receive()`` has thrown.
    func close(after error: any Error)
}
