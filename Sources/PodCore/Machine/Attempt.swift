/// An action that is repeated until it succeeds. Success ends the state that holds the attempt.
enum Attempt: Sendable, Hashable {
    /// The next decision begins it. Leads to `underWay`.
    case due
    /// Its result is missing. Leads to `failed`.
    case underWay
    /// Leads to `underWay` when `retryAt` has come.
    case failed(retryAt: Duration)

    private static let pause = Duration.seconds(2)

    /// Begins the action if its time has come.
    mutating func decide(_ action: PodAction, at now: Duration, into decision: inout Decision) {
        switch self {
        case .underWay: return
        case .failed(let retryAt) where retryAt > now: decision.wake(at: retryAt)
        case .due, .failed:
            self = .underWay
            decision.perform(action)
        }
    }

    mutating func fail(at now: Duration) {
        guard self == .underWay else { return }
        self = .failed(retryAt: now + Self.pause)
    }
}
