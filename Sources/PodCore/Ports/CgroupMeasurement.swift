package import KubeModel

/// The use of a cgroup, and the facts that a report of it needs. A cgroup may be the whole machine's, a level's, a pod's or a container's.
package struct CgroupMeasurement: Sendable, Hashable {
    /// The cgroup's path below the mount of the hierarchy; `/` for the machine.
    package let path: String
    /// Never later than the measurement.
    package private(set) var startedAt: Timestamp
    package var stats: ResourceStats
    /// Billionths of a core, of the last seconds; absent before there are two readings.
    package var usageNanoCores: UInt64?

    package init(path: String, startedAt: Timestamp, stats: ResourceStats, usageNanoCores: UInt64? = nil) {
        self.path = path
        // The clock may have been set back since the start.
        self.startedAt = min(startedAt, stats.measuredAt)
        self.stats = stats
        self.usageNanoCores = usageNanoCores
    }

    /// Keeps an earlier answer to the question when the cgroup started: computed from the time since boot, it moves with every correction of the clock.
    package mutating func keepStart(_ start: Timestamp) { startedAt = min(start, stats.measuredAt) }

    /// Bytes; absent where the kernel does not say or has not charged anything yet. Readers take 0 for a failed measurement.
    package var workingSet: UInt64? { stats.memory.workingSet.flatMap { $0 == 0 ? nil : $0 } }

    /// Bytes; absent like the working set.
    package var memoryUsage: UInt64? { stats.memory.usage.flatMap { $0 == 0 ? nil : $0 } }
}
