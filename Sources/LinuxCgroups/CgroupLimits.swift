/// Limits of one cgroup in Kubernetes' units; absent means unlimited.
package struct CgroupLimits: Sendable, Hashable {
    /// Requested CPU, millicores. Absent counts like 0: the smallest weight, as a best-effort container has it.
    package var cpuRequest: Int64?
    /// Millicores.
    package var cpuLimit: Int64?
    /// Microseconds of the bandwidth period.
    package var cpuPeriod: Int64
    /// Bytes.
    package var memoryLimit: Int64?
    /// Bytes; 0 forbids swap.
    package var swapLimit: Int64?
    /// Whether the OOM killer takes all processes of the cgroup together.
    package var killsTogether: Bool
    package var pidsLimit: Int64?
    /// Bytes by page size as the kernel names it, e.g. `2MB`. A size that is not named gets 0: huge pages are only for containers that request them.
    /// `nil` leaves all sizes as they are.
    package var hugepageLimits: [String: Int64]?

    package init(
        cpuRequest: Int64? = nil, cpuLimit: Int64? = nil, cpuPeriod: Int64 = 100_000, memoryLimit: Int64? = nil, swapLimit: Int64? = nil,
        pidsLimit: Int64? = nil, hugepageLimits: [String: Int64]? = [:], killsTogether: Bool = true
    ) {
        self.cpuRequest = cpuRequest
        self.cpuLimit = cpuLimit
        self.cpuPeriod = cpuPeriod
        self.memoryLimit = memoryLimit
        self.swapLimit = swapLimit
        self.pidsLimit = pidsLimit
        self.hugepageLimits = hugepageLimits
        self.killsTogether = killsTogether
    }
}
