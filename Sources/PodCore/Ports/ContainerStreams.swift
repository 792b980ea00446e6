/// In characters.
package struct TerminalSize: Sendable, Hashable {
    package let columns: UInt16
    package let rows: UInt16

    package init(columns: UInt16, rows: UInt16) {
        self.columns = columns
        self.rows = rows
    }
}

/// A client's hold on a program in a container: one that was started for it (exec), or the container's own (attach). Reading is by
/// pull, so that a slow client slows the program instead of filling memory.
package protocol ContainerStreams: Sendable {
    /// The next bytes of stdout or stderr; `nil` once both have ended.
    func read() async throws(RuntimeFailure) -> StreamOutput?

    /// Gives bytes to the program; returns when they are taken. Bytes for a program that closed its stdin are dropped.
    func write(_ bytes: [UInt8]) async throws(RuntimeFailure)

    /// This client's end of file. The program sees it as one, except on a terminal, which has none, and where a container's stdin is
    /// there for the next client too.
    func closeInput() async

    /// Without a terminal nothing happens.
    func resize(_ size: TerminalSize) async throws(RuntimeFailure)

    /// Exec: the program's exit code; 128 + signal when a signal ended it. Attach: 0 when the output has ended, since how the container
    /// ended is in its pod's status.
    func exitCode() async throws(RuntimeFailure) -> Int

    /// The client has disconnected. Exec: ends the program and what it started, if it still runs. Attach: disconnects from the container.
    func terminate() async
}

package enum StreamOutput: Sendable, Hashable {
    case stdout([UInt8])
    case stderr([UInt8])
}
