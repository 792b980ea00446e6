package import KubeModel

extension PodSpec {
    /// The quality-of-service class (`GetPodQOS`): by CPU and memory of init and regular containers.
    package var qosClass: QoSClass {
        let all = (initContainers ?? []) + containers
        let counted = ["cpu", "memory"]
        func amount(_ list: [String: Quantity]?, _ name: String) -> Quantity? {
            list?[name].flatMap { $0.isZero ? nil : $0 }
        }
        let mentionsNone = all.allSatisfy { container in
            counted.allSatisfy { amount(container.resources?.requests, $0) == nil && amount(container.resources?.limits, $0) == nil }
        }
        if mentionsNone { return .bestEffort }
        let isGuaranteed = all.allSatisfy { container in
            counted.allSatisfy { name in
                guard let limit = amount(container.resources?.limits, name) else { return false }
                return (amount(container.resources?.requests, name) ?? limit) == limit
            }
        }
        return isGuaranteed ? .guaranteed : .burstable
    }

    /// Sums of the containers' requests and limits (`status.resources`): sidecars count with the regular containers,
    /// and an ordinary init container counts where it alone needs more. A limit holds for the pod only if every container has it.
    package var aggregateResources: ResourceRequirements {
        let requests = aggregate { $0.resources?.requests ?? [:] }
        var limits = aggregate { $0.resources?.limits ?? [:] }
        for name in limits.keys where !containers.allSatisfy({ $0.resources?.limits?[name] != nil }) { limits[name] = nil }
        return ResourceRequirements(limits: limits.isEmpty ? nil : limits, requests: requests.isEmpty ? nil : requests)
    }

    private func aggregate(_ list: (Container) -> [String: Quantity]) -> [String: Quantity] {
        var sum: [String: Quantity] = [:]
        var peak: [String: Quantity] = [:]
        for container in containers + (initContainers ?? []).filter({ $0.restartPolicy == .always }) {
            for (name, quantity) in list(container) { sum[name] = sum[name].map { $0.adding(quantity) } ?? quantity }
        }
        for container in (initContainers ?? []).filter({ $0.restartPolicy != .always }) {
            for (name, quantity) in list(container) { peak[name] = peak[name].map { max($0, quantity) } ?? quantity }
        }
        return sum.merging(peak) { max($0, $1) }
    }

    /// The limits of the pod's cgroup.
    package func cgroupResources(pidsLimit: Int64?) -> CgroupResources {
        let total = aggregateResources
        return CgroupResources(
            cpuRequest: total.requests?["cpu"]?.milliValue ?? 0, cpuLimit: total.limits?["cpu"]?.milliValue,
            memoryLimit: total.limits?["memory"]?.value, pidsLimit: pidsLimit)
    }
}

extension Container {
    /// The limits of the container's cgroup.
    package var cgroupResources: CgroupResources {
        var hugepages: [String: Int64] = [:]
        for (name, quantity) in resources?.limits ?? [:] where name.hasPrefix("hugepages-") {
            hugepages[String(name.dropFirst("hugepages-".count))] = quantity.value
        }
        return CgroupResources(
            cpuRequest: resources?.requests?["cpu"]?.milliValue ?? resources?.limits?["cpu"]?.milliValue ?? 0,
            cpuLimit: resources?.limits?["cpu"]?.milliValue, memoryLimit: resources?.limits?["memory"]?.value, swapLimit: 0, hugepageLimits: hugepages
        )
    }
}
