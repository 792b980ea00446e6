import ArgumentParser
import KubeModel
import NodeServer
import Timing

/// `swiftlet proxy`: the Services that this node makes reachable.
struct Proxy: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Look at the Service proxy.", subcommands: [List.self, Why.self, Trace.self, Dump.self, Render.self, Cleanup.self],
        defaultSubcommand: List.self)

    /// `swiftlet proxy ls`.
    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(commandName: "ls", abstract: "List the Services' addresses and their endpoints.")

        @OptionGroup var agent: AgentSocket

        @Option(name: .shortAndLong, help: "Print JSON.")
        var output: OutputFormat?

        func run() async throws {
            let snapshot: ProxySnapshot = try await AdminClient(agent).get(.proxyServices)
            if output == .json {
                try await StandardStream.output.write(JSONText.of(snapshot))
            } else {
                try await StandardStream.output.write(Array(ProxyTable.text(snapshot, now: SystemTime().wallTime()).utf8))
            }
            if let problem = snapshot.problem {
                throw CommandFailure("the kernel's rules do not follow the API: \(problem)")
            }
        }
    }
}
