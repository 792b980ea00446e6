/// Exponential waiting between restarts or pulls, as kubelet counts it: the first try comes at once, the next one after `initial`,
/// then twice as long each time up to `maximum`. After twice the maximum without a failure everything is forgotten.
package struct BackOff: Sendable, Hashable {
    package let initial: Duration
    package let maximum: Duration
    private var current: Duration?
    private var lastStep: Duration = .zero

    package init(initial: Duration = .seconds(10), maximum: Duration = .seconds(300)) {
        self.initial = initial
        self.maximum = maximum
    }

    /// How long to wait now, counted from the end of the last failure; `nil` before the first step.
    package func delay(at now: Duration) -> Duration? {
        guard let current, now - lastStep <= maximum * 2 else { return nil }
        return current
    }

    /// Notes that another try begins, so that the next failure waits longer.
    package mutating func step(at now: Duration) {
        if let previous = delay(at: now) {
            current = min(previous * 2, maximum)
        } else {
            current = initial
        }
        lastStep = now
    }

    package mutating func reset() {
        current = nil
    }
}
