package import KubeModel
import PodCore

/// Another list of the Services, remembered as far as the environments of this node's pods show them.
package struct RememberedServices: ServiceListing {
    private let source: any ServiceListing
    private let memory: NodeMemory
    private let presence: APIPresence

    package init(_ source: any ServiceListing, memory: NodeMemory, presence: APIPresence) {
        self.source = source
        self.memory = memory
        self.presence = presence
    }

    package func services(in namespaces: Set<String>) async -> [Service]? {
        let linked = memory.linkedNamespaces
        if let services = await source.services(in: namespaces.union(linked).union([ServiceEnvironment.ofAPIServer.namespace])) {
            let shown = services.filter { $0.clusterAddress != nil && (linked.contains($0.namespace) || $0.key == ServiceEnvironment.ofAPIServer) }
            memory.remember(.services, shown.map(\.recalledForm).sorted { $0.key < $1.key })
            return services
        }
        guard presence.hasNeverAnswered, case .known(let services) = await memory.recall(.services, as: [Service].self) else { return nil }
        return services
    }
}
