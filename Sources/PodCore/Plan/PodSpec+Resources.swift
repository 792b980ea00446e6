package import KubeModel

extension PodSpec {
    /// The quality-of-service class (`ComputePodQOS`): by CPU and memory of `spec.resources` if they are there, else of init and regular containers.
    package var qosClass: QoSClass {
        let counted = ["cpu", "memory"]
        let all = podLevelResources.map { [$0] } ?? allContainers.map { $0.resources ?? ResourceRequirements() }
        func amount(_ list: [String: Quantity]?, _ name: String) -> Quantity? {
            list?[name].flatMap { $0.isZero ? nil : $0 }
        }
        let mentionsNone = all.allSatisfy { resources in
            counted.allSatisfy { amount(resources.requests, $0) == nil && amount(resources.limits, $0) == nil }
        }
        if mentionsNone { return .bestEffort }
        let isGuaranteed = all.allSatisfy { resources in
            counted.allSatisfy { name in
                guard let limit = amount(resources.limits, name) else { return false }
                return (amount(resources.requests, name) ?? limit) == limit
            }
        }
        return isGuaranteed ? .guaranteed : .burstable
    }

    /// The requests and limits of the pod as a whole, without its overhead (`status.resources`).
    ///
    /// Regular containers and sidecars run together; an ordinary init container runs beside the sidecars before it. The largest sum at
    /// one time counts. The pod has a limit only if every container has it. The pod's own `resources` replace the sums.
    package var aggregateResources: ResourceRequirements {
        let requests = aggregateRequests
        var limits = aggregate { $0.resources?.limits ?? [:] }
        for name in limits.keys where !Self.isHugepages(name) && !allContainers.allSatisfy({ $0.resources?.limits?[name]?.isZero == false }) {
            limits[name] = nil
        }
        limits.merge((resources?.limits ?? [:]).filter { Self.isPodLevel($0.key) }) { $1 }
        return ResourceRequirements(limits: limits.isEmpty ? nil : limits, requests: requests.isEmpty ? nil : requests)
    }

    /// The requests for which the pod needs room on a node (`PodRequests`): as a whole, with its overhead.
    package var schedulingRequests: [String: Quantity] {
        aggregateRequests.merging(overhead ?? [:]) { $0.adding($1) }
    }

    private var aggregateRequests: [String: Quantity] {
        aggregate(\.effectiveRequests).merging((resources?.requests ?? [:]).filter { Self.isPodLevel($0.key) }) { $1 }
    }

    /// `spec.resources`, if it has CPU, memory or huge pages.
    private var podLevelResources: ResourceRequirements? {
        let names = [resources?.requests, resources?.limits].compactMap { $0?.keys }.joined()
        return names.contains(where: Self.isPodLevel) ? resources : nil
    }

    private var allContainers: [Container] { (initContainers ?? []) + containers }

    private static func isHugepages(_ name: String) -> Bool { name.hasPrefix("hugepages-") }

    private static func isPodLevel(_ name: String) -> Bool { name == "cpu" || name == "memory" || isHugepages(name) }

    private func aggregate(_ list: (Container) -> [String: Quantity]) -> [String: Quantity] {
        func add(_ left: [String: Quantity], _ right: [String: Quantity]) -> [String: Quantity] { left.merging(right) { $0.adding($1) } }
        var running = containers.reduce([:]) { add($0, list($1)) }
        var sidecars: [String: Quantity] = [:]
        var peak: [String: Quantity] = [:]
        for container in initContainers ?? [] {
            if container.restartPolicy == .always {
                running = add(running, list(container))
                sidecars = add(sidecars, list(container))
                peak.merge(sidecars) { max($0, $1) }
            } else {
                peak.merge(add(sidecars, list(container))) { max($0, $1) }
            }
        }
        return running.merging(peak) { max($0, $1) }
    }

    /// The limits of the pod's cgroup (`ResourceConfigForPod`). The runtime class' overhead is added where there is a request or a limit.
    /// - Parameter amounts: other sums of CPU and memory than the spec's, in the course of a resize.
    package func cgroupResources(_ rules: ResourceRules, enforcing amounts: ComputeResources? = nil) -> CgroupResources {
        let all = aggregateResources
        let total = amounts ?? ComputeResources(all)
        var result = CgroupResources(
            cpuRequest: 0, pidsLimit: rules.podPidsLimit, hugepageLimits: CgroupResources.hugepages(all.limits ?? [:]),
            cpuPeriod: rules.cpuPeriod, killsTogether: false)
        if qosClass == .bestEffort { return result }
        func withOverhead(_ name: String, _ quantity: Quantity?) -> Quantity? {
            quantity.map { quantity in overhead?[name].map { quantity.adding($0) } ?? quantity }
        }
        result.cpuRequest = withOverhead("cpu", total.requests["cpu"] ?? Quantity(0))?.milliValue
        if rules.enforcesCPULimits { result.cpuLimit = withOverhead("cpu", total.limits["cpu"])?.milliValue }
        result.memoryLimit = withOverhead("memory", total.limits["memory"])?.value
        return result
    }

    /// A container's CPU and memory. Without a limit of its own, a container may use as much as `spec.resources` allows the pod.
    package func effectiveResources(of container: Container) -> ComputeResources {
        var own = ComputeResources(container.resources)
        own.limits.merge(ComputeResources(resources).limits) { mine, _ in mine }
        return own
    }

    /// The limits of one container's cgroup.
    /// - Parameters:
    ///   - isCritical: whether the node or the cluster depends on the pod (``Pod/isCritical``).
    ///   - amounts: other amounts of CPU and memory than the spec's, in the course of a resize.
    package func cgroupResources(
        of container: Container, _ rules: ResourceRules, isCritical: Bool, enforcing amounts: ComputeResources? = nil
    ) -> CgroupResources {
        let compute = amounts ?? effectiveResources(of: container)
        let own = CgroupResources.hugepages(container.resources?.limits ?? [:])
        return CgroupResources(
            cpuRequest: (compute.requests["cpu"] ?? compute.limits["cpu"])?.milliValue ?? 0,
            cpuLimit: rules.enforcesCPULimits ? compute.limits["cpu"]?.milliValue : nil, memoryLimit: compute.limits["memory"]?.value,
            swapLimit: isCritical ? 0 : swapLimit(of: container, rules),
            hugepageLimits: own.isEmpty ? CgroupResources.hugepages(resources?.limits ?? [:]) : own,
            cpuPeriod: rules.cpuPeriod, killsTogether: rules.killsTogether)
    }

    /// The container's share of the node's swap is its share of the node's memory. Only burstable pods swap, except containers that
    /// request all the memory they may use.
    private func swapLimit(of container: Container, _ rules: ResourceRules) -> Int64 {
        let request = container.effectiveRequests["memory"]?.value ?? 0
        guard rules.swap == .limitedSwap, rules.nodeMemory > 0, qosClass == .burstable, request > 0,
            request != container.resources?.limits?["memory"]?.value
        else { return 0 }
        return Int64(Double(min(request, rules.nodeMemory)) / Double(rules.nodeMemory) * Double(rules.nodeSwap))
    }

    /// The priority of the class `system-cluster-critical`.
    package static let criticalPriority = 2_000_000_000

    var hasCriticalPriority: Bool { (priority ?? 0) >= Self.criticalPriority }

    /// Kubelet's score of a container, -997 to 1000: a container that uses more than it requests is killed first.
    /// - Parameters:
    ///   - nodeMemory: bytes.
    ///   - isCritical: whether the node or the cluster depends on the pod (``Pod/isCritical``). The class says which of the two.
    package func oomScore(of container: Container, nodeMemory: Int64, isCritical: Bool) -> Int {
        if isCritical, priorityClassName == "system-node-critical" { return -997 }
        switch qosClass {
        case .guaranteed: return -997
        case .bestEffort: return 1000
        case .burstable:
            guard nodeMemory > 0 else { return 999 }
            let own = rawOOMScore(of: container, nodeMemory)
            let isSidecar = (initContainers ?? []).contains { $0.name == container.name && $0.restartPolicy == .always }
            // A sidecar must not be killed before the containers that it serves.
            let score = isSidecar ? min(own, containers.map { rawOOMScore(of: $0, nodeMemory) }.max() ?? own) : own
            return Int(min(max(score, 3), 999))
        }
    }

    /// The pod's request beyond its containers' requests is shared equally by the containers that run together.
    private func rawOOMScore(of container: Container, _ nodeMemory: Int64) -> Int64 {
        func request(_ container: Container) -> Int64 { container.effectiveRequests["memory"]?.value ?? 0 }
        var requested = request(container)
        if let pod = resources?.requests?["memory"]?.value {
            let together = containers + (initContainers ?? []).filter { $0.restartPolicy == .always }
            let rest = max(0, pod - together.reduce(0) { $0 + request($1) })
            requested += rest / Int64(max(1, together.count))
        }
        return 1000 - Int64((Double(requested) * 1000 / Double(nodeMemory)).rounded(.down))
    }
}

extension Container {
    /// A missing request is the limit, as the API server fills it in.
    var effectiveRequests: [String: Quantity] {
        (resources?.limits ?? [:]).merging(resources?.requests ?? [:]) { $1 }
    }
}

extension CgroupResources {
    /// Bytes of huge pages in a resource list, by the kernel's names of their sizes: `hugepages-2Mi` is `2MB`.
    package static func hugepages(_ limits: [String: Quantity]) -> [String: Int64] {
        var result: [String: Int64] = [:]
        for (name, quantity) in limits where name.hasPrefix("hugepages-") {
            guard let size = Quantity(String(name.dropFirst("hugepages-".utf8.count)))?.value, size >= 1 << 10 else { continue }
            let units: [(Int64, String)] = [(1 << 30, "GB"), (1 << 20, "MB"), (1 << 10, "KB")]
            guard let (unit, letters) = units.first(where: { size >= $0.0 }) else { continue }
            result["\(size / unit)\(letters)"] = quantity.value
        }
        return result
    }
}
