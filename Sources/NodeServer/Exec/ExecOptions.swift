import HTTPTypes

/// The query of an exec request.
package struct ExecOptions: Sendable, Hashable {
    package let command: [String]
    package let stdin: Bool
    package let stdout: Bool
    package let stderr: Bool

    package init(command: [String], stdin: Bool, stdout: Bool, stderr: Bool) {
        self.command = command
        self.stdin = stdin
        self.stdout = stdout
        self.stderr = stderr
    }

    /// Reads kubelet's parameter names (`input`, `output`, `error`, `tty`) and those of the API (`stdin`, `stdout`, `stderr`).
    package init(_ target: RequestTarget) throws(Refusal) {
        command = target.values("command")
        stdin = Self.isOn(target, "input", "stdin")
        stdout = Self.isOn(target, "output", "stdout")
        stderr = Self.isOn(target, "error", "stderr")
        if Self.isOn(target, "tty", "tty") {
            throw Refusal(.badRequest, "tty is not supported yet by this node: run the command without -t\n")
        }
        guard stdin || stdout || stderr else {
            throw Refusal(.badRequest, "you must specify at least 1 of stdin, stdout, stderr\n")
        }
        guard let program = command.first, !program.isEmpty else {
            throw Refusal(.badRequest, "you must specify at least one command for the container\n")
        }
    }

    /// The query that ``init(_:)`` reads back.
    package var query: [RequestTarget.QueryItem] {
        var items = command.map { RequestTarget.QueryItem(name: "command", value: $0) }
        for (name, isOn) in [("input", stdin), ("output", stdout), ("error", stderr)] where isOn {
            items.append(RequestTarget.QueryItem(name: name, value: "1"))
        }
        return items
    }

    private static func isOn(_ target: RequestTarget, _ names: String...) -> Bool {
        names.contains { name in
            guard let value = target.value(name) else { return false }
            return value == "1" || value == "true"
        }
    }
}
