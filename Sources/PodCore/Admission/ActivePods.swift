package import KubeModel

/// The pods that take a place on the node: admitted, and not over yet (`GetActivePods`). Keeps the sum of what they request.
package struct ActivePods: Sendable {
    private struct Entry {
        let pod: Pod
        /// The requests of the pod, and those promised to its resize: of each resource the larger amount.
        let amounts: ResourceAmounts
        let promised: ResourceAmounts?
    }

    private var entries: [String: Entry] = [:]
    package private(set) var used = ResourceAmounts()

    package init(_ pods: [Pod] = []) {
        for pod in pods { add(pod) }
    }

    package var pods: [Pod] { entries.values.map(\.pod) }

    package func contains(_ uid: String) -> Bool { entries[uid] != nil }

    /// Adds a pod, or takes over its changes. A promise stays.
    package mutating func add(_ pod: Pod) { set(pod, promised: entries[pod.uid]?.promised) }

    /// Holds the requests of `resized` for the pod with its uid, which does not know of them yet. They count as used from here on.
    package mutating func promise(_ resized: Pod) {
        guard let entry = entries[resized.uid] else { return }
        set(entry.pod, promised: ResourceAmounts(requestedBy: resized))
    }

    /// Takes over a pod that knows the answer to its resize: its own requests count from here on.
    package mutating func settle(_ pod: Pod) { set(pod, promised: nil) }

    private mutating func set(_ pod: Pod, promised: ResourceAmounts?) {
        let requested = ResourceAmounts(requestedBy: pod)
        let entry = Entry(pod: pod, amounts: promised.map(requested.raised) ?? requested, promised: promised)
        if let earlier = entries.updateValue(entry, forKey: pod.uid) { used.subtract(earlier.amounts) }
        used.add(entry.amounts)
    }

    package mutating func remove(_ uid: String) {
        if let entry = entries.removeWithRoom(uid) { used.subtract(entry.amounts) }
    }
}
