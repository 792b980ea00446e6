import Timing

/// The stop of a running container: its `preStop` hook, then its stop signal, then the kill when the grace period is over. A signal that could not be
/// sent is repeated after growing pauses.
package struct ContainerStop: Sendable, Hashable {
    /// Why the container is stopped.
    enum Reason: Sendable, Hashable {
        case podEnds
        /// Its `postStart` hook failed. The restart policy decides whether it runs again.
        case postStartFailed(message: String)
        /// It is to run again, whatever the restart policy makes of its exit code.
        case restart
        /// A probe failed, and the restart policy is `Never`.
        case unhealthy
        /// All containers of the pod are to run again, for another one's end.
        case restartAll
    }

    let reason: Reason
    /// When the grace period ends.
    private var deadline: Duration
    private var isHookUnderWay: Bool
    /// When the stop signal became due.
    private var stopDue: Duration?
    /// The last signal that was sent or is on its way.
    private var sent: StopSignal?
    /// The last signal that could not be sent.
    private var failed: StopSignal?
    private var retryAt = Duration.zero
    private var backOff = BackOff(initial: .seconds(1), maximum: .seconds(30))

    /// The least time between the stop signal and the kill, as in kubelet.
    static let leastGrace = Duration.seconds(2)

    /// - Parameter hasHook: the `preStop` hook begins with the stop.
    init(_ reason: Reason, deadline: Duration, hasHook: Bool) {
        self.reason = reason
        self.deadline = deadline
        isHookUnderWay = hasHook
    }

    /// The pod was deleted, again or while a container was being stopped, with a shorter grace period.
    mutating func shorten(to deadline: Duration) {
        guard deadline < self.deadline else { return }
        self.deadline = deadline
    }

    mutating func hookEnded() {
        isHookUnderWay = false
    }

    /// Returns the signal to send now, and notes it as sent.
    /// - Parameter isTurn: no other container has to end before this one. Past the deadline, the others are being killed.
    mutating func takeDue(at now: Duration, isTurn: Bool) -> StopSignal? {
        if stopDue == nil, isTurn, deadline <= now || !isHookUnderWay { stopDue = now }
        guard let killAt else { return nil }
        let wanted: StopSignal = killAt <= now ? .kill : .stop
        guard sent != wanted, sent != .kill, failed != wanted || retryAt <= now else { return nil }
        sent = wanted
        return wanted
    }

    /// When the kill follows the stop signal. A container whose stop signal comes late still has `leastGrace`.
    private var killAt: Duration? { stopDue.map { max(deadline, $0 + Self.leastGrace) } }

    /// The time of the next signal; `nil` while an answer or the exit is awaited.
    func nextTime(after now: Duration) -> Duration? {
        guard let killAt else { return deadline > now ? deadline : nil }
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
