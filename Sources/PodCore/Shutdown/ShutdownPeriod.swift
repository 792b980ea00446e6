/// The time that pods of a priority get when the machine shuts down (`shutdownGracePeriodByPodPriority`).
package struct ShutdownPeriod: Sendable, Hashable {
    /// The least priority of the pods, up to the next period's.
    package let priority: Int
    package let seconds: Int64

    package init(priority: Int, seconds: Int64) {
        self.priority = priority
        self.seconds = seconds
    }
}
