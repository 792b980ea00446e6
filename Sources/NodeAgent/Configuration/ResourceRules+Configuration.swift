package import PodCore

extension ResourceRules {
    /// The rules that a configuration gives on a machine with so many bytes of memory and swap.
    package init(_ kubelet: KubeletSettings, memory: Int64, swap: Int64) {
        let period = kubelet.cpuCFSQuotaPeriod.components
        self.init(
            podPidsLimit: kubelet.podPidsLimit < 0 ? nil : Int64(kubelet.podPidsLimit), enforcesCPULimits: kubelet.cpuCFSQuota,
            cpuPeriod: period.seconds * 1_000_000 + period.attoseconds / 1_000_000_000_000, swap: kubelet.swapBehavior,
            killsTogether: !kubelet.singleProcessOOMKill,
            nodeMemory: memory, nodeSwap: swap)
    }
}
