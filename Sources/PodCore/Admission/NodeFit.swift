import KubeModel

/// The room on a node: what it offers to pods, and what its pods have requested of that (`noderesources.Fits`).
struct NodeFit: Sendable {
    private let capacity: ResourceAmounts
    private let used: ResourceAmounts

    /// - Parameter allocatable: the node's `status.allocatable`.
    init(allocatable: [String: Quantity], others: ActivePods) {
        capacity = ResourceAmounts(allocatable)
        used = others.used
    }

    /// The resources of which there is too little for the pod.
    func shortages(for pod: Pod) -> [InsufficientResource] {
        let requested = ResourceAmounts(requestedBy: pod)
        return requested.names.compactMap { name in
            let (wanted, used, capacity) = (requested[name], used[name], capacity[name])
            // The cluster may have extended resources that nodes do not know, such as those of claims and of scheduler extenders.
            if ResourceAmounts.isExtended(name), !self.capacity.has(name) { return nil }
            guard wanted > 0, wanted > capacity - used else { return nil }
            return InsufficientResource(name: name, requested: wanted, used: used, capacity: capacity)
        }
    }
}
