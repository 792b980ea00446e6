package struct ExecRequest: Sendable, Hashable {
    package let sandboxID: String
    package let containerID: String
    package let command: [String]
    package let stdin: Bool
    package let stdout: Bool
    package let stderr: Bool

    package init(sandboxID: String, containerID: String, command: [String], stdin: Bool, stdout: Bool, stderr: Bool) {
        self.sandboxID = sandboxID
        self.containerID = containerID
        self.command = command
        self.stdin = stdin
        self.stdout = stdout
        self.stderr = stderr
    }
}

/// A program that runs in a container, with its three streams. Reading is by pull, so that a slow client slows the program
/// instead of filling memory.
package protocol ExecSession: Sendable {
    /// The next bytes of stdout or stderr; `nil` once both have ended.
    func read() async throws(RuntimeFailure) -> ExecOutput?

    /// Gives bytes to the program; returns when they are taken. Bytes for a program that closed its stdin are dropped.
    func write(_ bytes: [UInt8]) async throws(RuntimeFailure)

    /// End of file on the program's stdin.
    func closeInput() async

    /// The program's exit code; 128 + signal when a signal ended it.
    func exitCode() async throws(RuntimeFailure) -> Int

    /// Ends the program and what it started, if it still runs. Called when the client has gone.
    func terminate() async
}

package enum ExecOutput: Sendable, Hashable {
    case stdout([UInt8])
    case stderr([UInt8])
}
