import Addresses
import ArgumentParser
import KubeModel
import NodeServer

extension Proxy {
    /// `swiftlet proxy why`.
    struct Why: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Explain where a Service answers, which endpoints get traffic from this node, and why the others do not.")

        @OptionGroup var agent: AgentSocket

        @Argument(help: "The Service: NAME or NAMESPACE/NAME, with :PORT (name or number) for one port of it.")
        var service: String

        @Option(name: [.short, .long], help: "The Service's namespace.")
        var namespace = "default"

        @Option(help: "Who asks: an IP address, or a pod of this node as NAME or NAMESPACE/NAME.")
        var from: String?

        func run() async throws {
            let client = try AdminClient(agent)
            let parts = service.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            var query: [RequestTarget.QueryItem] = []
            if parts.count == 2 { query.append(RequestTarget.QueryItem(name: "port", value: parts[1])) }
            if let from { query.append(RequestTarget.QueryItem(name: "from", value: try await address(of: from, client))) }
            try await client.stream(.proxyService(Proxy.key(parts[0], namespace)), query, to: .output)
        }

        private func address(of name: String, _ client: AdminClient) async throws -> String {
            if IPAddress(name) != nil { return name }
            let pods: ObjectList<Pod> = try await client.get(.pods)
            let key = Proxy.key(name, namespace)
            guard let address = pods.items.first(where: { $0.key == key })?.status?.podIP else {
                throw CommandFailure("--from: found '\(name)', wanted an IP address or a pod of this node with one ('swiftlet pods' lists them)")
            }
            return address
        }
    }

    /// NAME or NAMESPACE/NAME.
    static func key(_ text: String, _ namespace: String) -> ObjectKey {
        let parts = text.split(separator: "/", maxSplits: 1).map(String.init)
        return parts.count == 2 ? ObjectKey(namespace: parts[0], name: parts[1]) : ObjectKey(namespace: namespace, name: text)
    }
}
