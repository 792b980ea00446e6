import ArgumentParser
import KubeModel
import NodeServer
import PodCore
import Timing

/// `swiftlet status`: the agent and the node at a glance.
struct Status: AsyncParsableCommand {
    enum Format: String, ExpressibleByArgument, CaseIterable {
        case json
    }

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
    var output: Format?

    func run() async throws {
        let client = try AdminClient(agent)
        let summary: NodeSummary = try await client.get(.summary)
        let health: [HealthCheck] = try await client.get(.health)
        if output == .json {
            try await StandardStream.output.write(JSONText.of(Document(summary: summary, health: health)))
        } else {
            try await StandardStream.output.write(Array(Self.text(summary, health, now: SystemTime().wallTime()).utf8))
        }
        if !summary.isReady || health.contains(where: { $0.problem != nil }) { throw ExitCode.failure }
    }

    static func text(_ summary: NodeSummary, _ health: [HealthCheck], now: Timestamp) -> String {
        var table = TextTable()
        table.add("Node:", summary.nodeName)
        table.add("Ready:", summary.isReady ? "yes" : "no" + (summary.readyMessage.isEmpty ? "" : " (\(summary.readyMessage))"))
        let contact = summary.apiServerLastContact.map { "last answered \(TimeText.age(seconds: Int64(max(0, $0)))) ago" } ?? "has not answered yet"
        table.add("API server:", "\(summary.apiServer) (\(contact))")
        let phases = summary.podsByPhase.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }
        table.add("Pods:", phases.isEmpty ? "none" : phases.joined(separator: ", "))
        table.add("Pod CIDRs:", summary.podCIDRs.isEmpty ? "none yet" : summary.podCIDRs.joined(separator: ", "))
        table.add("Version:", summary.version)
        table.add("Running for:", TimeText.age(seconds: now.seconds - summary.startedAt.seconds))
        for check in health {
            table.add("Check \(check.name):", check.problem ?? "ok")
        }
        return table.text
    }
}
