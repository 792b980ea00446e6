import ArgumentParser
import KubeModel
import NodeServer
import PodCore
import Timing

/// `swiftlet status`: prints the state of the agent and the node.
struct Status: AsyncParsableCommand {
    private struct Document: Encodable {
        let summary: NodeSummary
        let health: [HealthCheck]
    }

    static let configuration = CommandConfiguration(
        abstract: "Show how the agent and its node are.",
        discussion:
            "Asks the agent over its socket, so it works while the API server is away. Exit code 0 when the node is ready and healthy, 1 otherwise.")

    @OptionGroup var agent: AgentSocket

    @Option(name: .shortAndLong, help: "Print the whole state as JSON.")
    var output: OutputFormat?

    func run() async throws {
        let client = try AdminClient(agent)
        let summary: NodeSummary = try await client.get(.summary)
        let health: [HealthCheck] = try await client.get(.health)
        if output == .json {
            try await StandardStream.output.write(JSONText.of(Document(summary: summary, health: health)))
        } else {
            try await StandardStream.output.write(Array(StatusTable.text(summary, health, now: SystemTime().wallTime()).utf8))
        }
        if !summary.isReady || health.contains(where: { $0.problem != nil }) { throw ExitCode.failure }
    }
}
