package import KubeModel

/// The order in which pods are ended for a shortage: pods that use more than they request first, then by priority, then by how much more they use.
/// Process ids cannot be requested, so priority comes first there.
package struct EvictionRanking: Sendable {
    private struct Candidate {
        let pod: Pod
        /// Nothing is known of its usage.
        let isUnmeasured: Bool
        let exceedsRequest: Bool
        /// The use beyond its request.
        let excess: Int64
    }

    private let signal: EvictionSignal
    private let layout: DiskLayout

    package init(_ signal: EvictionSignal, _ layout: DiskLayout) {
        self.signal = signal
        self.layout = layout
    }

    /// Returns the pods that may be ended, the first one first. Pods that the cluster or the node depends on are not among them.
    /// - Parameter usage: by uid.
    package func victims(among pods: [Pod], _ usage: [String: PodUsage]) -> [Pod] {
        pods.filter { !$0.isCritical }.map { candidate($0, usage[$0.uid]) }.sorted(by: isEndedBefore).map(\.pod)
    }

    private func candidate(_ pod: Pod, _ usage: PodUsage?) -> Candidate {
        let used = usage.map(amount)
        // Inodes are compared with the request of bytes, as in kubelet: a request of bytes puts such a pod behind.
        let request = signal.resource == .memory ? pod.spec.requested("memory") : pod.spec.requested("ephemeral-storage")
        let exceeds = (used ?? 0) > (signal.resource == .inodes ? 0 : request)
        let relative = signal.resource == .processIDs ? used ?? 0 : (used ?? 0) - request
        return Candidate(pod: pod, isUnmeasured: used == nil, exceedsRequest: exceeds, excess: relative)
    }

    private func isEndedBefore(_ left: Candidate, _ right: Candidate) -> Bool {
        if signal.resource != .processIDs {
            // A pod that could not be measured may be the cause.
            if left.isUnmeasured != right.isUnmeasured { return left.isUnmeasured }
            if left.exceedsRequest != right.exceedsRequest { return left.exceedsRequest }
        }
        let (mine, theirs) = (left.pod.spec.priority ?? 0, right.pod.spec.priority ?? 0)
        if mine != theirs { return mine < theirs }
        if left.isUnmeasured != right.isUnmeasured { return left.isUnmeasured }
        if left.excess != right.excess { return left.excess > right.excess }
        // Kubelet leaves equal pods in no order. The younger one has less to lose.
        return Pod.isAdmittedBefore(right.pod, left.pod)
    }

    private func amount(_ usage: PodUsage) -> Int64 {
        switch signal.resource {
        case .memory: usage.memory ?? 0
        case .processIDs: usage.tasks ?? 0
        case .storage: disk(usage).bytes
        case .inodes: disk(usage).inodes
        }
    }

    /// The pod's part of the file system that the signal is about. Layers of images belong to no pod.
    private func disk(_ usage: PodUsage) -> DiskUse {
        guard let disk = usage.disk else { return DiskUse() }
        let layers = disk.layers.values.reduce(DiskUse(), +)
        let others = (Array(disk.logs.values) + Array(disk.volumes.values)).reduce(DiskUse(), +)
        guard layout.hasImageFileSystem else { return layers + others }
        switch signal {
        case .imageFileSystemAvailable, .imageFileSystemInodesFree: return layout.splitsContainers ? DiskUse() : layers
        case .containerFileSystemAvailable, .containerFileSystemInodesFree: return layout.splitsContainers ? layers + others : layers
        default: return layout.splitsContainers ? layers + others : others
        }
    }
}

extension PodSpec {
    /// The pod's request of a resource, with its overhead where there is a request.
    func requested(_ name: String) -> Int64 {
        guard let request = aggregateResources.requests?[name], !request.isZero else { return 0 }
        return (overhead?[name].map { request.adding($0) } ?? request).value
    }
}
