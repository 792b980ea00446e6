import KubeModel

extension Pod {
    /// Whether other pods make room for this one. Not for a mirror pod: its annotation is the word of any client, and what it shows runs already.
    var preempts: Bool { isStatic || spec.hasCriticalPriority }

    /// Whether the other pod may be ended for this one (`Preemptable`).
    func mayPreempt(_ other: Pod) -> Bool {
        if preempts, !other.isCritical { return true }
        guard let priority = spec.priority, let theirs = other.spec.priority else { return false }
        return priority > theirs
    }
}
