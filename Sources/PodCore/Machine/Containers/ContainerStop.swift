import Timing

/// The stop of a running container: first its stop signal, then the kill when the grace period is over. A signal that could not be sent is repeated
/// after growing pauses.
package struct ContainerStop: Sendable, Hashable {
    /// When the pod's grace period ends.
    private var deadline: Duration
    /// When the kill follows the stop signal.
    private var killAt: Duration
    /// The last signal that was sent or is on its way.
    private var sent: StopSignal?
    /// The last signal that could not be sent.
    private var failed: StopSignal?
    private var retryAt = Duration.zero
    private var backOff = BackOff(initial: .seconds(1), maximum: .seconds(30))

    /// A container that is stopped late has at least `least` before the kill.
    init(deadline: Duration, atLeast least: Duration, now: Duration) {
        self.deadline = deadline
        killAt = max(deadline, now + least)
    }

    /// The pod was deleted again, with a shorter grace period.
    mutating func shorten(to deadline: Duration, now: Duration) {
        guard deadline < self.deadline else { return }
        self.deadline = deadline
        killAt = min(killAt, max(deadline, now))
    }

    /// Returns the signal to send now, and notes it as sent.
    mutating func takeDue(at now: Duration) -> StopSignal? {
        let wanted: StopSignal = killAt <= now ? .kill : .stop
        guard sent != wanted, sent != .kill, failed != wanted || retryAt <= now else { return nil }
        sent = wanted
        return wanted
    }

    /// The time of the next signal; `nil` while an answer or the exit is awaited.
    func nextTime(after now: Duration) -> Duration? {
        if sent == .kill { return nil }
        let retry = sent == nil && failed != nil && retryAt > now ? retryAt : nil
        return [killAt > now ? killAt : nil, retry].compactMap { $0 }.min()
    }

    /// Notes that a signal could not be sent. Returns true the first time in a row.
    mutating func couldNotSend(_ signal: StopSignal, at now: Duration) -> Bool {
        guard sent == signal else { return false }
        let isNew = failed != signal
        if isNew { backOff.reset() }
        backOff.step(at: now)
        sent = nil
        failed = signal
        retryAt = now + (backOff.delay(at: now) ?? .seconds(1))
        return isNew
    }
}
