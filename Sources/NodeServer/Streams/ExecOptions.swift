import HTTPTypes

/// The query of an exec request.
package struct ExecOptions: Sendable, Hashable {
    package let command: [String]
    package let streams: StreamOptions

    package init(command: [String], stdin: Bool, stdout: Bool, stderr: Bool, terminal: Bool = false) {
        self.command = command
        streams = StreamOptions(stdin: stdin, stdout: stdout, stderr: stderr, terminal: terminal)
    }

    package init(_ target: RequestTarget) throws(Refusal) {
        command = target.values("command")
        streams = try StreamOptions(target)
        guard let program = command.first, !program.isEmpty else {
            throw Refusal(.badRequest, "you must specify at least one command for the container\n")
        }
    }

    /// The query that ``init(_:)`` reads back.
    package var query: [RequestTarget.QueryItem] {
        command.map { RequestTarget.QueryItem(name: "command", value: $0) } + streams.query
    }
}
