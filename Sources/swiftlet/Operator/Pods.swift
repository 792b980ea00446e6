import ArgumentParser
import KubeModel
import NodeServer
import Timing

/// `swiftlet pods`: lists the pods of this node.
struct Pods: AsyncParsableCommand {
    enum Format: String, ExpressibleByArgument, CaseIterable {
        case wide, json
    }

    static let configuration = CommandConfiguration(abstract: "List the pods of this node, as the agent sees them.")

    @OptionGroup var agent: AgentSocket

    @Option(name: [.short, .long], help: "Only pods of this namespace.")
    var namespace: String?

    @Option(name: .shortAndLong, help: "More columns, or JSON.")
    var output: Format?

    func run() async throws {
        var list: ObjectList<Pod> = try await AdminClient(agent).get(.pods)
        list.items = list.items.filter { namespace == nil || $0.namespace == namespace }.sorted { $0.key < $1.key }
        if output == .json {
            try await StandardStream.output.write(JSONText.of(list))
            return
        }
        guard !list.items.isEmpty else {
            StandardStream.complain("no pods" + (namespace.map { " in namespace \($0)" } ?? " on this node"))
            return
        }
        try await StandardStream.output.write(Array(PodTable.text(list.items, wide: output == .wide, now: SystemTime().wallTime()).utf8))
    }
}
