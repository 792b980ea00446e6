/// Keeps the files in a pod's volumes as the objects, tokens and labels that they show.
struct VolumeRefresh: Sendable {
    enum State: Sendable, Hashable {
        /// Nothing is known to change.
        case none
        /// Leads to `underWay` when the time has come.
        case due(at: Duration)
        /// The result is missing. Leads to `none` or `due`.
        case underWay(isWantedAgain: Bool)
    }

    private(set) var state = State.none

    var isUnderWay: Bool { if case .underWay = state { true } else { false } }

    /// The files are out of date from this time on.
    mutating func want(at time: Duration) {
        switch state {
        case .none: state = .due(at: time)
        case .due(let earlier): state = .due(at: min(earlier, time))
        case .underWay: state = .underWay(isWantedAgain: true)
        }
    }

    /// - Parameter next: when a token is to be renewed.
    mutating func receive(next: Duration?, at now: Duration) {
        guard case .underWay(let isWantedAgain) = state else { return }
        if isWantedAgain {
            state = .due(at: now)
        } else {
            state = next.map { .due(at: $0) } ?? .none
        }
    }

    mutating func decide(at now: Duration, into decision: inout Decision) {
        switch state {
        case .none, .underWay: break
        case .due(let time) where time > now: decision.wake(at: time)
        case .due:
            state = .underWay(isWantedAgain: false)
            decision.perform(.refreshVolumes)
        }
    }
}
