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

    package func services() async -> [Service]? {
        if let services = await source.services() {
            let namespaces = memory.linkedNamespaces
            let shown = services.filter { $0.clusterAddress != nil && (namespaces.contains($0.namespace) || $0.isOfAPIServer) }
            memory.remember(.services, shown.map(\.recalledForm).sorted { $0.key < $1.key })
            return services
        }
        guard presence.hasNeverAnswered, case .known(let services) = await memory.recall(.services, as: [Service].self) else { return nil }
        return services
    }
}

extension Service {
    /// The environment of every container shows it.
    fileprivate var isOfAPIServer: Bool { namespace == "default" && name == "kubernetes" }
}
