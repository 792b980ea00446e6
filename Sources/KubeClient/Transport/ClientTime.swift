package import KubeModel

/// The time as this target sees it, so that tests can move it by hand.
package protocol ClientTime: Sendable {
    /// Monotonic, from any start.
    func now() -> Duration
    /// The calendar's time, for certificates.
    func wallTime() -> Timestamp
    /// Returns once `now()` has reached `deadline`; throws when the task is cancelled.
    func sleep(until deadline: Duration) async throws
}

extension ClientTime {
    package func sleep(for duration: Duration) async throws {
        try await sleep(until: now() + duration)
    }
}
