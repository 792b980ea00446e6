/// The node's rules for resources, besides the pods' requests and limits.
package struct ResourceRules: Sendable, Hashable {
    /// `memorySwap.swapBehavior`.
    package enum SwapBehavior: String, Sendable, CaseIterable {
        case noSwap = "NoSwap"
        case limitedSwap = "LimitedSwap"
    }

    /// Processes and threads of one pod; `nil` for no limit.
    package var podPidsLimit: Int64?
    /// `cpuCFSQuota`: false leaves CPU limits to the scheduler of pods.
    package var enforcesCPULimits: Bool
    /// Microseconds: `cpuCFSQuotaPeriod`.
    package var cpuPeriod: Int64
    package var swap: SwapBehavior
    /// The OOM killer ends a container's processes together: the opposite of `singleProcessOOMKill`.
    package var killsTogether: Bool
    /// Bytes of the machine.
    package var nodeMemory: Int64
    /// Bytes of the machine.
    package var nodeSwap: Int64

    package init(
        podPidsLimit: Int64? = nil, enforcesCPULimits: Bool = true, cpuPeriod: Int64 = 100_000, swap: SwapBehavior = .noSwap,
        killsTogether: Bool = true, nodeMemory: Int64 = 0, nodeSwap: Int64 = 0
    ) {
        self.podPidsLimit = podPidsLimit
        self.enforcesCPULimits = enforcesCPULimits
        self.cpuPeriod = cpuPeriod
        self.swap = swap
        self.killsTogether = killsTogether
        self.nodeMemory = nodeMemory
        self.nodeSwap = nodeSwap
    }
}
