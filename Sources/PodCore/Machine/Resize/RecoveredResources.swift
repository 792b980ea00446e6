import KubeModel

/// The resources that an earlier agent had set aside for a pod, and those of them that are in force.
///
/// The runtime's records hold the limits of each cgroup. They know no memory requests and nothing of what was not started: that is in the status that
/// the earlier agent reported. Where the status' allocation is the spec's, the spec counts. If it asks for other limits than the cgroups enforce,
/// the resize goes on.
struct RecoveredResources: Sendable {
    let allocated: PodResources
    /// `nil` where it is what is allocated.
    private(set) var actuatedPod: ComputeResources?
    /// Of the running containers that do not have what is allocated to them.
    private(set) var actuatedContainers: [String: ComputeResources] = [:]

    /// - Parameters:
    ///   - live: the sandbox in which the pod goes on.
    ///   - running: the ids of its running containers.
    init(of pod: Pod, live: RecoveredSandbox?, running: Set<String>, _ rules: ResourceRules) {
        allocated = Self.allocated(to: pod)
        guard let live else { return }
        let spec = pod.spec.with(allocated)
        if !live.configuration.resources.enforcesSame(as: spec.cgroupResources(rules)) {
            actuatedPod = ComputeResources(live.configuration.resources, memoryRequest: spec.aggregateResources.requests?["memory"])
        }
        for configuration in live.containers.map(\.configuration) where running.contains(configuration.id) && configuration.role != .ephemeral {
            guard let container = spec.container(named: configuration.name),
                !configuration.resources.enforcesSame(as: spec.cgroupResources(of: container, rules, isCritical: pod.isCritical))
            else { continue }
            actuatedContainers[container.name] = ComputeResources(
                configuration.resources, memoryRequest: container.resources?.requests?["memory"])
        }
    }

    /// A resize that was not decided yet shows in the requests. Limits are never refused alone.
    private static func allocated(to pod: Pod) -> PodResources {
        var resources = PodResources(pod.spec)
        guard let status = pod.status else { return resources }
        var known: [String: ComputeResources] = [:]
        for name in resources.containers.keys {
            guard let container = status.container(named: name), let limits = container.resources else { continue }
            known[name] = ComputeResources(requests: container.allocatedResources ?? [:], limits: limits.limits ?? [:])
        }
        let isPodPending = status.allocatedResources.map { known in resources.pod.requests.contains { $1 != known[$0] } } ?? false
        guard isPodPending || known.contains(where: { $1.requests != resources.containers[$0]?.requests }) else { return resources }
        resources.containers.merge(known) { $1 }
        let whole = ComputeResources(requests: status.allocatedResources ?? [:], limits: status.resources?.limits ?? [:])
        resources.pod.requests.merge(whole.requests.filter { resources.pod.requests[$0.key] != nil }) { $1 }
        resources.pod.limits.merge(whole.limits.filter { resources.pod.limits[$0.key] != nil }) { $1 }
        return resources
    }
}

extension CgroupResources {
    /// Whether CPU and memory are the same. A missing CPU request weighs as much as none.
    fileprivate func enforcesSame(as other: CgroupResources) -> Bool {
        (cpuRequest ?? 0) == (other.cpuRequest ?? 0) && cpuLimit == other.cpuLimit && memoryLimit == other.memoryLimit
    }
}

extension ComputeResources {
    /// Reads amounts back from a cgroup's configuration.
    fileprivate init(_ cgroup: CgroupResources, memoryRequest: Quantity?) {
        var requests: [String: Quantity] = [:]
        var limits: [String: Quantity] = [:]
        if let milli = cgroup.cpuRequest, milli > 0 { requests["cpu"] = Quantity(milli: milli) }
        requests["memory"] = memoryRequest
        if let milli = cgroup.cpuLimit { limits["cpu"] = Quantity(milli: milli) }
        if let bytes = cgroup.memoryLimit { limits["memory"] = Quantity(bytes: bytes) }
        self.init(requests: requests, limits: limits)
    }
}
