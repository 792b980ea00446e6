import ArgumentParser
import NodeServer

/// `swiftlet net`: the pod network of this node.
struct Net: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Look at the pod network, and repair it.", subcommands: [List.self, Check.self], defaultSubcommand: List.self)

    /// `swiftlet net ls`.
    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(commandName: "ls", abstract: "List pods with their addresses and interfaces.")

        @OptionGroup var agent: AgentSocket

        @Option(name: .shortAndLong, help: "Print JSON.")
        var output: OutputFormat?

        func run() async throws {
            let list: NetworkAttachments = try await AdminClient(agent).get(.network)
            try await StandardStream.output.write(output == .json ? JSONText.of(list) : Array(NetworkTable.text(list).utf8))
        }
    }

    /// `swiftlet net check`.
    struct Check: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Compare bridge, interfaces, routes, settings and addresses with what pods need.",
            discussion: "Exits with 1 when something is left to repair. The agent repairs most of it by itself, as soon as the kernel reports it.")

        @OptionGroup var agent: AgentSocket

        @Flag(help: "Repair what can be repaired without a pod's end.")
        var fix = false

        @Option(name: .shortAndLong, help: "Print JSON.")
        var output: OutputFormat?

        func run() async throws {
            let client = try AdminClient(agent)
            let check: NetworkCheck = fix ? try await client.post(.networkCheck, NetworkCheck([])) : try await client.get(.networkCheck)
            try await StandardStream.output.write(output == .json ? JSONText.of(check) : Array(NetworkTable.text(check).utf8))
            let left = check.findings.count { !$0.isRepaired }
            if left > 0 { throw CommandFailure("\(left) of \(check.findings.count) findings are left to repair") }
        }
    }
}
