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
        return level + "/pod" + configuration.pod.uid
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
