import KubeModel
package import PodCore

/// Remembers earlier measurements of cgroups: it turns counters into rates, and keeps each cgroup's start as it was first found.
///
/// The rate is that of the time since a reading some seconds ago, so that clients that ask often do not get the rate of a moment.
package struct CgroupMemory: Sendable {
    /// The least time that a rate is taken over, once there was so much.
    package static let window = 10.0
    /// Before, a rate may be of a shorter time, but not shorter than this.
    package static let shortest = 1.0

    private struct Entry: Sendable {
        let startedAt: Timestamp
        /// The reading that the next rate counts from.
        var time: Timestamp
        /// Microseconds.
        var usage: UInt64?
        var rate: UInt64?
    }

    private var entries: [String: Entry] = [:]

    package init() {}

    /// Adds starts and rates to a measurement, and forgets what is not in it.
    package mutating func complete(_ measurement: inout NodeMeasurement) {
        let earlier = entries
        var current: [String: Entry] = [:]
        current.reserveCapacity(earlier.count)
        measurement.updateCgroups { key, cgroup in
            let entry = Self.next(after: earlier[key], cgroup)
            cgroup.keepStart(entry.startedAt)
            cgroup.usageNanoCores = entry.rate
            current[key] = entry
        }
        entries = current
    }

    private static func next(after earlier: Entry?, _ cgroup: CgroupMeasurement) -> Entry {
        let (now, usage) = (cgroup.stats.measuredAt, cgroup.stats.cpu.usage)
        let fresh = Entry(startedAt: cgroup.startedAt, time: now, usage: usage, rate: nil)
        guard var entry = earlier else { return fresh }
        let elapsed = now.timeInterval(since: entry.time)
        guard let usage, let before = entry.usage, usage >= before, elapsed >= 0 else {
            // The clock was set back, or the counter began anew.
            return Entry(startedAt: entry.startedAt, time: now, usage: usage, rate: nil)
        }
        if elapsed >= window || entry.rate == nil && elapsed >= shortest {
            entry.rate = UInt64(exactly: (Double(usage - before) * 1000 / elapsed).rounded())
        }
        if elapsed >= window { (entry.time, entry.usage) = (now, usage) }
        return entry
    }
}
