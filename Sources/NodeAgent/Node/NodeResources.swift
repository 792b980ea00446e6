package import KubeModel
package import PodCore

/// The resources that the node as a whole offers its pods.
package enum NodeResources {
    /// The groups whose limits are enforced (`enforceNodeAllocatable`).
    package enum Enforcement: String, Sendable, CaseIterable {
        case none
        case pods
    }

    /// Kernel parameters that the node relies on: memory may be overcommitted, and a process that takes too much of it is killed alone;
    /// a kernel that failed restarts; every container has a keyring.
    package static let kernelParameters = [
        "vm.overcommit_memory": "1", "vm.panic_on_oom": "0", "kernel.panic": "10", "kernel.panic_on_oops": "1",
        "kernel.keys.root_maxkeys": "1000000", "kernel.keys.root_maxbytes": "25000000",
    ]

    /// - Parameter areas: devices and files that the machine swaps to.
    package static func checkSwap(_ areas: [String], isRefused: Bool) throws(PlanFailure) {
        guard isRefused, !areas.isEmpty else { return }
        throw PlanFailure(
            "failSwapOn is true, and the machine swaps to \(areas.joined(separator: ", ")); turn that off (swapoff, /etc/fstab, zram), or set "
                + "failSwapOn: false to start nevertheless: memorySwap.swapBehavior then says what pods get of it")
    }

    /// The event about the limits of all pods together.
    /// - Parameter missing: the limits that this machine's cgroups cannot enforce.
    package static func enforcementEvent(missing: [String]) -> PodEventRecord {
        if missing.isEmpty { return PodEventRecord(.normal, "NodeAllocatableEnforced", "Updated Node Allocatable limit across pods") }
        return PodEventRecord(
            .warning, "FailedNodeAllocatableEnforcement",
            "Failed to update Node Allocatable Limits: this host's cgroup v2 hierarchy lacks the controllers of \(missing.joined(separator: ", "))")
    }

    /// The limits of all pods together: the capacity, less the enforced reservations. Without the eviction thresholds, so
    /// that pods are evicted before the kernel kills.
    package static func limits(of host: HostDescription, reserved: [String: Quantity], enforcement: Enforcement) throws(PlanFailure)
        -> CgroupResources
    {
        let reserved = enforcement == .pods ? reserved : [:]
        func rest(_ name: String, _ capacity: Int64, _ taken: Int64) throws(PlanFailure) -> Int64 {
            guard taken < capacity else {
                throw PlanFailure(
                    "systemReserved and kubeReserved leave no \(name) for pods: found \(taken) reserved, the machine has \(capacity); reserve less")
            }
            return capacity - taken
        }
        var hugepages: [String: Int64] = [:]
        for (size, bytes) in host.hugepages {
            let name = "hugepages-\(size)"
            hugepages.merge(CgroupResources.hugepages([name: Quantity(max(0, bytes - (reserved[name]?.value ?? 0)))])) { $1 }
        }
        return CgroupResources(
            cpuRequest: try rest("millicores of CPU", Int64(host.processors) * 1000, reserved["cpu"]?.milliValue ?? 0),
            memoryLimit: try rest("bytes of memory", host.memory, reserved["memory"]?.value ?? 0),
            pidsLimit: host.processIDs > 0 ? try rest("process ids", host.processIDs, reserved["pid"]?.value ?? 0) : nil,
            hugepageLimits: hugepages)
    }
}
