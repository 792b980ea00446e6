package import KubeModel

/// Decides whether a node has room for a pod's other resources: the requests of all its pods must fit into the amounts that it offers.
package struct RoomReview: Sendable {
    private let allocatable: [String: Quantity]
    private let others: ActivePods
    private let rules: ResourceRules

    /// - Parameters:
    ///   - allocatable: the node's `status.allocatable`.
    ///   - others: the node's other active pods.
    package init(allocatable: [String: Quantity], others: ActivePods, rules: ResourceRules) {
        self.allocatable = allocatable
        self.others = others
        self.rules = rules
    }

    /// A resource of which the pod wants no more than it has is not reviewed: it is the pod's already.
    package func verdict(desired: Pod, allocated: Pod) -> ResizeVerdict {
        if swaps(desired, allocated) { return .infeasible(message: "In-place resize of containers with swap is not supported.") }
        let (wanted, held) = (ResourceAmounts(requestedBy: desired), ResourceAmounts(requestedBy: allocated))
        let capacity = ResourceAmounts(allocatable)
        let growing = ["cpu", "memory"].filter { wanted[$0] > held[$0] }
        guard growing.allSatisfy(capacity.has) else { return .unknown }
        if let name = growing.first(where: { wanted[$0] > capacity[$0] }) {
            return .infeasible(
                message: "Node didn't have enough capacity: \(name), requested: \(wanted[name]), capacity: \(capacity[name])")
        }
        let shortages = NodeFit(allocatable: allocatable, others: others).shortages(for: desired)
        guard let shortage = shortages.first(where: { growing.contains($0.name) }) else { return .fits }
        return .deferred(reason: AdmissionFailure.insufficient(shortage).refusal.reason, message: shortage.message)
    }

    /// The share of the node's swap follows from the memory request, and is given at the start of a container alone.
    private func swaps(_ desired: Pod, _ allocated: Pod) -> Bool {
        func hasSwap(_ container: Container, of pod: Pod) -> Bool {
            pod.spec.cgroupResources(of: container, rules, isCritical: pod.isCritical).swapLimit != 0
        }
        return desired.spec.resizableContainers.contains { container in
            guard let before = allocated.spec.container(named: container.name),
                before.resources?.requests?["memory"] != container.resources?.requests?["memory"], !before.restarts(toResize: "memory")
            else { return false }
            return hasSwap(before, of: allocated) || hasSwap(container, of: desired)
        }
    }
}

extension Container {
    /// Whether the container has to start anew for another amount of this resource (`resizePolicy`).
    func restarts(toResize name: String) -> Bool {
        resizePolicy?.first { $0.resourceName == name }?.restartPolicy == "RestartContainer"
    }
}
