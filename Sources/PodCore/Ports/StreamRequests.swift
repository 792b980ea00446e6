/// A program to run in a running container.
package struct ExecRequest: Sendable, Hashable {
    package let sandboxID: String
    package let containerID: String
    package let command: [String]
    package let stdin: Bool
    package let stdout: Bool
    package let stderr: Bool
    /// The three streams are one terminal: everything comes as stdout, `stderr` counts no more.
    package let terminal: Bool
    /// Of the terminal when the program starts; absent: what the kernel gives a new one.
    package var size: TerminalSize?
    /// After so long the program and everything that it started is killed, and `exitCode` throws `.timedOut`. Absent: it may take its time.
    package let timeout: Duration?

    package init(
        sandboxID: String, containerID: String, command: [String], stdin: Bool, stdout: Bool, stderr: Bool, terminal: Bool = false,
        size: TerminalSize? = nil, timeout: Duration? = nil
    ) {
        self.sandboxID = sandboxID
        self.containerID = containerID
        self.command = command
        self.stdin = stdin
        self.stdout = stdout
        self.stderr = stderr
        self.terminal = terminal
        self.size = size
        self.timeout = timeout
    }
}

/// The streams of a running container's own program that a client wants. Whether they are a terminal is the container's matter.
package struct AttachRequest: Sendable, Hashable {
    package let sandboxID: String
    package let containerID: String
    package let stdin: Bool
    package let stdout: Bool
    package let stderr: Bool

    package init(sandboxID: String, containerID: String, stdin: Bool, stdout: Bool, stderr: Bool) {
        self.sandboxID = sandboxID
        self.containerID = containerID
        self.stdin = stdin
        self.stdout = stdout
        self.stderr = stderr
    }
}
