import HTTPTypes

/// The streams of a program that a client requests.
package struct StreamOptions: Sendable, Hashable {
    package let stdin: Bool
    package let stdout: Bool
    package let stderr: Bool
    /// The streams are one terminal, whose output is stdout.
    package let terminal: Bool

    package init(stdin: Bool, stdout: Bool, stderr: Bool, terminal: Bool = false) {
        self.stdin = stdin
        self.stdout = stdout
        self.stderr = stderr && !terminal
        self.terminal = terminal
    }

    /// Reads kubelet's parameter names (`input`, `output`, `error`, `tty`) and those of the API (`stdin`, `stdout`, `stderr`).
    package init(_ target: RequestTarget) throws(Refusal) {
        self.init(
            stdin: Self.isOn(target, "input", "stdin"), stdout: Self.isOn(target, "output", "stdout"), stderr: Self.isOn(target, "error", "stderr"),
            terminal: Self.isOn(target, "tty", "tty"))
        guard stdin || stdout || stderr else {
            throw Refusal(.badRequest, "you must specify at least 1 of stdin, stdout, stderr\n")
        }
    }

    /// The query that ``init(_:)`` reads back.
    package var query: [RequestTarget.QueryItem] {
        [("input", stdin), ("output", stdout), ("error", stderr), ("tty", terminal)].filter(\.1).map {
            RequestTarget.QueryItem(name: $0.0, value: "1")
        }
    }

    private static func isOn(_ target: RequestTarget, _ names: String...) -> Bool {
        names.contains { name in
            guard let value = target.value(name) else { return false }
            return value == "1" || value == "true"
        }
    }
}
