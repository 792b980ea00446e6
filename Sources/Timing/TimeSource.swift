package import KubeModel

/// The clocks that a program waits by, as a parameter, so that tests move time by hand.
package protocol TimeSource: Sendable {
    /// Returns the time since an arbitrary fixed start. It never jumps.
    func now() -> Duration
    /// Returns the calendar's time, for status, events and certificates.
    func wallTime() -> Timestamp
    /// Returns once `now()` has reached `deadline`. Throws `CancellationError` when the task is cancelled.
    func sleep(until deadline: Duration) async throws
}

extension TimeSource {
    /// Both clocks at one moment.
    package var moment: Moment { Moment(wall: wallTime(), monotonic: now()) }

    /// Returns after `duration`. Throws `CancellationError` when the task is cancelled.
    package func sleep(for duration: Duration) async throws {
        try await sleep(until: now() + duration)
    }
}
