/// The pause after each failure in a row: `initial`, then twice as long each time, up to `maximum`.
///
/// A loop takes its pauses from `next(random:)` and calls `reset()` after a success. A machine that knows only moments notes each try
/// with `step(at:)` and asks `delay(at:)`; there, failures that lie far enough apart are forgotten.
package struct BackOff: Sendable, Hashable {
    package let initial: Duration
    package let maximum: Duration
    /// The largest random part added to a pause, as a fraction of the pause. It keeps many clients from coming back together.
    package let jitter: Double
    private var current: Duration?
    private var lastStep: Duration = .zero

    /// Creates a back-off without failures. The default is kubelet's for containers and image pulls.
    package init(initial: Duration = .seconds(10), maximum: Duration = .seconds(300), jitter: Double = 0) {
        self.initial = initial
        self.maximum = maximum
        self.jitter = jitter
    }

    package var hasFailed: Bool { current != nil }

    /// Counts one more failure and returns the pause before the next try, never above `maximum`.
    /// - Parameter random: from 0 up to 1; chooses how much of the jitter is added.
    package mutating func next(random: Double = 0) -> Duration {
        let pause = current.map { min($0 * 2, maximum) } ?? min(initial, maximum)
        current = pause
        return jitter == 0 ? pause : min(pause * (1 + jitter * random), maximum)
    }

    /// Forgets all failures.
    package mutating func reset() { current = nil }

    /// Returns the pause that the last try's failure asks for, counted from that failure. `nil` before the first step, and when the last
    /// step lies more than twice `maximum` back.
    package func delay(at now: Duration) -> Duration? {
        guard let current, now - lastStep <= maximum * 2 else { return nil }
        return current
    }

    /// Notes that another try begins, so that its failure waits longer.
    package mutating func step(at now: Duration) {
        if delay(at: now) == nil { reset() }
        _ = next()
        lastStep = now
    }
}
