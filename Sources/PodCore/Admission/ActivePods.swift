package import KubeModel

/// The pods that take a place on the node: admitted, and not over yet (`GetActivePods`). Keeps the sum of what they request.
package struct ActivePods: Sendable {
    private struct Entry {
        let pod: Pod
        let amounts: ResourceAmounts
    }

    private var entries: [String: Entry] = [:]
    private(set) var used = ResourceAmounts()

    package init(_ pods: [Pod] = []) {
        for pod in pods { add(pod) }
    }

    package var pods: [Pod] { entries.values.map(\.pod) }

    package func contains(_ uid: String) -> Bool { entries[uid] != nil }

    /// Adds a pod, or takes over its changes.
    package mutating func add(_ pod: Pod) {
        let entry = Entry(pod: pod, amounts: ResourceAmounts(requestedBy: pod))
        if let earlier = entries.updateValue(entry, forKey: pod.uid) { used.subtract(earlier.amounts) }
        used.add(entry.amounts)
    }

    package mutating func remove(_ uid: String) {
        if let entry = entries.removeValue(forKey: uid) { used.subtract(entry.amounts) }
    }
}
