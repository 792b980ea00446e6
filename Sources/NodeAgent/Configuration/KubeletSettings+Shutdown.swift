import PodCore

extension KubeletSettings {
    /// Reads the times that pods get when the machine shuts down: in two parts, or by priority.
    mutating func readShutdown(_ reader: inout FieldReader) throws {
        var (total, critical) = (Duration.zero, Duration.zero)
        try reader.read("shutdownGracePeriod", into: &total, zeroMeansDefault: false)
        try reader.read("shutdownGracePeriodCriticalPods", into: &critical, zeroMeansDefault: false)
        for (field, value) in [("shutdownGracePeriod", total), ("shutdownGracePeriodCriticalPods", critical)] {
            guard let node = reader.node(field), value > .zero, value < .seconds(1) else { continue }
            throw reader.bad(node, field, "found \(value), wanted 0s or at least 1s")
        }
        if let node = reader.node("shutdownGracePeriodCriticalPods"), critical > total {
            throw reader.bad(
                node, "shutdownGracePeriodCriticalPods", "found \(critical), wanted at most shutdownGracePeriod, of which it is a part: \(total)")
        }
        var periods: [ShutdownPeriod] = []
        try reader.list("shutdownGracePeriodByPodPriority") { reader in
            var (priority, seconds) = (0, 0)
            try reader.read("priority", into: &priority, in: Int(Int32.min)...Int(Int32.max))
            try reader.read("shutdownGracePeriodSeconds", into: &seconds, in: 0...1_000_000)
            periods.append(ShutdownPeriod(priority: priority, seconds: Int64(seconds)))
        }
        if let node = reader.node("shutdownGracePeriodByPodPriority"), !periods.isEmpty, total > .zero {
            throw reader.bad(node, "shutdownGracePeriodByPodPriority", "found beside shutdownGracePeriod, wanted one of them: remove the other")
        }
        let seconds = (total.components.seconds, critical.components.seconds)
        shutdown = periods.isEmpty ? ShutdownPlan(total: seconds.0, critical: seconds.1) : ShutdownPlan(periods)
    }
}
