/// The TCP ports that the programs of a sandbox listen on. `PodRuntime` conforms.
package protocol SandboxPorts: Sendable {
    /// Connects to a port of the sandbox's own localhost, over IPv4 and else over IPv6.
    func connect(port: UInt16, inSandbox sandboxID: String) async throws(RuntimeFailure) -> any SandboxConnection
}

/// A connection to a program in a sandbox. Reading is by pull, so that a slow client slows the program instead of filling memory. One task reads
/// and one writes.
package protocol SandboxConnection: Sendable {
    /// The next bytes; `nil` once the program has ended its side, or after ``close()``. Throws when the program has broken the connection off.
    func read() async throws(RuntimeFailure) -> [UInt8]?

    /// Returns when all bytes are taken. Throws when the program takes no more, or after ``close()``.
    func write(_ bytes: [UInt8]) async throws(RuntimeFailure)

    /// Ends this side; what the program still sends can be read.
    func closeOutput()

    /// Ends both sides. A waiting `read` or `write` returns.
    func close()
}
