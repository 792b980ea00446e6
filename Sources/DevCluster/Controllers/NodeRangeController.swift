import Addresses
import KubeModel

/// Gives each node a /24 of the pod range.
struct NodeRangeController: Controller {
    let name = "node-range"
    let watched: Set<ResourceType> = [.nodes]
    let podRange: CIDR

    func reconcile(_ store: ObjectStore) async throws {
        try await store.transaction { store in
            let nodes = store.list(.nodes)
            var used = Set(nodes.map { $0.text("spec", "podCIDR") })
            for var node in nodes where node.text("spec", "podCIDR").isEmpty {
                guard
                    let free = podRange.subranges(prefixLength: max(24, podRange.prefixLength)).map(\.description).first(where: { !used.contains($0) }
                    )
                else {
                    throw DevClusterError(
                        .badConfiguration, "the pod range \(podRange) has no block left for node \(node.name): use a larger --pod-cidr")
                }
                used.insert(free)
                node["spec", "podCIDR"] = .string(free)
                node["spec", "podCIDRs"] = [.string(free)]
                _ = try store.replace(.nodes, node)
            }
        }
    }
}
