package import KubeModel

/// The order in which pods end when the machine shuts down: groups by priority, the least first, each with its own time.
package struct ShutdownPlan: Sendable, Hashable {
    package struct Group: Sendable {
        package let pods: [Pod]
        package let seconds: Int64
    }

    /// By rising priority; empty where pods get no time.
    package let periods: [ShutdownPeriod]

    package init(_ periods: [ShutdownPeriod]) {
        self.periods = periods.sorted { $0.priority < $1.priority }
    }

    /// Creates the plan of two groups: the critical pods get the last part of the whole time (`shutdownGracePeriod` and
    /// `shutdownGracePeriodCriticalPods`).
    package init(total: Int64, critical: Int64) {
        let periods = [
            ShutdownPeriod(priority: 0, seconds: total - critical), ShutdownPeriod(priority: PodSpec.criticalPriority, seconds: critical),
        ]
        self.init(total > 0 ? periods : [])
    }

    package var isEmpty: Bool { periods.isEmpty }

    /// The time that the shutdown has to wait for all groups.
    package var total: Duration { .seconds(periods.reduce(0) { $0 + $1.seconds }) }

    /// Returns the groups that have pods, in their order. A pod below all priorities ends with the first group.
    package func groups(of pods: [Pod]) -> [Group] {
        var members = Array(repeating: [Pod](), count: periods.count)
        for pod in pods where !periods.isEmpty {
            members[periods.lastIndex { $0.priority <= pod.spec.priority ?? 0 } ?? 0].append(pod)
        }
        return zip(periods, members).filter { !$1.isEmpty }.map { Group(pods: $1, seconds: $0.seconds) }
    }
}
