import LinuxCgroups
import PodCore

/// Names and limits of a pod's cgroups: `kubepods[/burstable|/besteffort]/pod<uid>/<container-id>`.
enum PodCgroup {
    static let top = "kubepods"
    static let burstable = top + "/burstable"
    static let bestEffort = top + "/besteffort"
    /// The shims of all pods: beside the pods, so that a pod's limits and its end do not touch the process that watches over it.
    static let shims = "swiftlet-shims"

    static func name(of configuration: SandboxConfiguration) -> String {
        let level =
            switch configuration.qosClass {
            case "Burstable": burstable
            case "BestEffort": bestEffort
            default: top
            }
        return level + "/" + podPrefix + configuration.pod.uid
    }

    /// The pod's cgroup that has one of these ids below it: a sandbox's or its containers'. Blocking.
    static func holding(_ ids: Set<String>, in tree: CgroupTree) throws -> Cgroup? {
        for level in [top, burstable, bestEffort] {
            for name in try tree.cgroup(level).children() where name.hasPrefix(podPrefix) {
                let pod = try tree.cgroup(level + "/" + name)
                if try !ids.isDisjoint(with: pod.children()) { return pod }
            }
        }
        return nil
    }

    /// The uid of the pod whose cgroup it is.
    static func podUID(of cgroup: Cgroup) -> String { String(cgroup.name.split(separator: "/").last?.dropFirst(podPrefix.count) ?? "") }

    private static let podPrefix = "pod"

    /// Makes the cgroup of a sandbox's pause. Blocking.
    static func makePause(of sandboxID: String, below pod: Cgroup) throws(CgroupError) -> Cgroup {
        let cgroup = try pod.tree.create(try pod.child(sandboxID).name)
        // So small a process gains nothing there, and what only waits would be the first to be swapped out.
        try cgroup.applySwapLimit(0)
        return cgroup
    }
}

extension CgroupLimits {
    /// - Parameter killsTogether: where the resources do not say: the OOM killer takes a container's processes together; a pod's containers
    ///   die one by one.
    init(_ resources: CgroupResources, killsTogether: Bool) {
        self.init(
            cpuRequest: resources.cpuRequest, cpuLimit: resources.cpuLimit, cpuPeriod: resources.cpuPeriod ?? 100_000,
            memoryLimit: resources.memoryLimit, swapLimit: resources.swapLimit, pidsLimit: resources.pidsLimit,
            hugepageLimits: resources.hugepageLimits, killsTogether: resources.killsTogether ?? killsTogether)
    }
}

extension CgroupResources {
    init(_ limits: CgroupLimits) {
        self.init(
            cpuRequest: limits.cpuRequest, cpuLimit: limits.cpuLimit, memoryLimit: limits.memoryLimit, swapLimit: limits.swapLimit,
            pidsLimit: limits.pidsLimit, hugepageLimits: limits.hugepageLimits ?? [:], cpuPeriod: limits.cpuPeriod,
            killsTogether: limits.killsTogether)
    }
}
