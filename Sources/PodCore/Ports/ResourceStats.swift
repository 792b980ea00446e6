package import KubeModel

/// The usage of a cgroup, read once. Counters start with the cgroup: a reader computes rates from two readings and their
/// times. A figure is absent where the kernel does not give it, because a controller is missing or switched off.
package struct ResourceStats: Sendable, Hashable {
    /// How much of the time tasks waited for something (pressure stall information).
    package struct Pressure: Sendable, Hashable {
        package struct Line: Sendable, Hashable {
            /// Percent of the last 10, 60 and 300 seconds.
            package var average10 = 0.0
            package var average60 = 0.0
            package var average300 = 0.0
            /// Microseconds.
            package var total: UInt64 = 0

            package init() {}
        }

        /// At least one task waited.
        package var some: Line?
        /// All tasks that were not idle waited.
        package var full: Line?

        package init() {}
    }

    package struct CPU: Sendable, Hashable {
        /// Microseconds.
        package var usage: UInt64?
        /// Microseconds.
        package var user: UInt64?
        /// Microseconds.
        package var system: UInt64?
        /// Periods of the limit that have passed.
        package var periods: UInt64?
        package var throttledPeriods: UInt64?
        /// Microseconds.
        package var throttledTime: UInt64?
        package var bursts: UInt64?
        /// Microseconds.
        package var burstTime: UInt64?
        package var pressure: Pressure?

        package init() {}
    }

    package struct Memory: Sendable, Hashable {
        /// Bytes charged, page cache included.
        package var usage: UInt64?
        /// Bytes that cannot be had back easily: usage less inactive page cache. Eviction ranks by it.
        package var workingSet: UInt64?
        /// Bytes of anonymous memory.
        package var rss: UInt64?
        /// Bytes of page cache, tmpfs included.
        package var cache: UInt64?
        /// Bytes of files that are mapped.
        package var mappedFile: UInt64?
        package var activeFile: UInt64?
        package var inactiveFile: UInt64?
        /// Bytes of the kernel's own.
        package var kernel: UInt64?
        /// Bytes, the most that was ever charged.
        package var peak: UInt64?
        /// Bytes; absent when unlimited, too.
        package var limit: UInt64?
        /// Bytes.
        package var swap: UInt64?
        /// Bytes; absent when unlimited, too.
        package var swapLimit: UInt64?
        package var pageFaults: UInt64?
        package var majorPageFaults: UInt64?
        /// How often a charge ran into the limit.
        package var limitHits: UInt64?
        /// Processes that the OOM killer took here or below.
        package var oomKills: UInt64?
        package var pressure: Pressure?

        package init() {}
    }

    package struct Device: Sendable, Hashable {
        package var major: UInt32
        package var minor: UInt32
        /// Bytes.
        package var readBytes: UInt64?
        /// Bytes.
        package var writtenBytes: UInt64?
        package var reads: UInt64?
        package var writes: UInt64?

        package init(major: UInt32, minor: UInt32) {
            self.major = major
            self.minor = minor
        }
    }

    package var measuredAt: Timestamp
    package var cpu = CPU()
    package var memory = Memory()
    /// Absent without the controller, empty before the first transfer.
    package var devices: [Device]?
    package var ioPressure: Pressure?
    /// Processes in the cgroup itself, without those in cgroups below it.
    package var processes: UInt64?
    /// Processes and threads.
    package var tasks: UInt64?
    /// Absent when unlimited, too.
    package var taskLimit: UInt64?
    /// Bytes by page size as the kernel names it, e.g. `2MB`.
    package var hugepages: [String: UInt64] = [:]

    package init(measuredAt: Timestamp) { self.measuredAt = measuredAt }
}
