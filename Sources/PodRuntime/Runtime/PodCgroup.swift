import LinuxCgroups
import PodCore

/// Names and limits of a pod's cgroups: `kubepods[/burstable|/besteffort]/pod<uid>/<container-id>`.
enum PodCgroup {
    static let top = "kubepods"
    /// The shims of all pods: beside the pods, so that a pod's limits and its end do not touch the process that watches over it.
    static let shims = "swiftlet-shims"

    static func name(of configuration: SandboxConfiguration) -> String {
        let level: String? =
            switch configuration.qosClass {
            case "Burstable": "burstable"
            case "BestEffort": "besteffort"
            default: nil
            }
        return ([top] + [level].compactMap { $0 } + ["pod" + configuration.pod.uid]).joined(separator: "/")
    }
}

extension CgroupLimits {
    /// - Parameter killsTogether: the OOM killer takes a container's processes together; a pod's containers die one by one.
    init(_ resources: CgroupResources, killsTogether: Bool) {
        self.init(
            cpuRequest: resources.cpuRequest, cpuLimit: resources.cpuLimit, memoryLimit: resources.memoryLimit, swapLimit: resources.swapLimit,
            pidsLimit: resources.pidsLimit, hugepageLimits: resources.hugepageLimits, killsTogether: killsTogether)
    }
}
