import KubeModel
import Timing

/// The node's look at what a pod asks for beyond its allocation.
struct ResizeReview: Sendable {
    enum Step: Sendable, Hashable {
        /// The pod has what it asks for. Leads to `due`.
        case none
        /// The next decision asks the node. Leads to `underWay`, or to `none` when the pod asks for no change any more.
        case due
        /// The answer is missing. Leads to `none`, `deferred` or `infeasible`, or to `due` where the question has changed.
        case underWay(isWantedAgain: Bool)
        /// There is too little room. Leads to `due` when room becomes free or the pod asks for something else, to `underWay` when `retryAt` has come,
        /// and to `none`.
        case deferred(retryAt: Duration)
        /// Leads to `due` when the pod asks for something else, and to `none`.
        case infeasible
    }

    /// The condition `PodResizePending`. It stands until the next answer.
    struct Pending: Sendable, Hashable {
        static let deferred = "Deferred"
        static let infeasible = "Infeasible"

        let reason: String
        let message: String
        let generation: Int64
        /// `lastTransitionTime`: since when the reason stands.
        let since: Timestamp
    }

    /// The longest time between two looks at a deferred resize.
    private static let retryPause = Duration.seconds(180)
    /// The pause while not all pods are known.
    private static let shortPause = Duration.seconds(30)

    private(set) var step = Step.none
    private(set) var pending: Pending?

    /// The pod asks for something else.
    /// - Parameter isChange: whether that differs from its allocation.
    mutating func want(isChange: Bool) {
        switch (step, isChange) {
        // The answer is taken in before anything else: the node may have set the resources aside already.
        case (.underWay, _): step = .underWay(isWantedAgain: true)
        case (_, true): step = .due
        case (_, false): step = .none
        }
        if !isChange { pending = nil }
    }

    mutating func roomFreed() {
        switch step {
        case .deferred: step = .due
        case .underWay: step = .underWay(isWantedAgain: true)
        case .none, .due, .infeasible: break
        }
    }

    mutating func decide(_ request: ResizeRequest, at now: Duration, into decision: inout Decision) {
        switch step {
        case .none, .underWay, .infeasible: break
        case .deferred(let retryAt) where retryAt > now: decision.wake(at: retryAt)
        case .due, .deferred:
            step = .underWay(isWantedAgain: false)
            decision.perform(.reviewResize(request))
        }
    }

    /// Takes the answer to the latest question.
    /// - Parameters:
    ///   - isCurrent: the pod still asks for what was reviewed.
    ///   - isChange: what the pod asks for now differs from its allocation, after this answer.
    /// - Returns: whether the pending condition became another, as far as an event reports it.
    mutating func receive(_ verdict: ResizeVerdict, to request: ResizeRequest, isCurrent: Bool, isChange: Bool, at now: Moment) -> Bool {
        guard case .underWay(let isWantedAgain) = step else { return false }
        guard isChange else {
            step = .none
            pending = nil
            return false
        }
        guard isCurrent, verdict != .fits else {
            step = .due
            return false
        }
        switch verdict {
        case .fits: return false
        case .unknown:
            step = isWantedAgain ? .due : .deferred(retryAt: now.monotonic + Self.shortPause)
            return false
        case .deferred(_, let message):
            step = isWantedAgain ? .due : .deferred(retryAt: now.monotonic + Self.retryPause)
            return show(Pending.deferred, message, request, now)
        case .infeasible(let message):
            step = .infeasible
            return show(Pending.infeasible, message, request, now)
        }
    }

    private mutating func show(_ reason: String, _ message: String, _ request: ResizeRequest, _ now: Moment) -> Bool {
        let before = pending
        let since = before?.reason == reason ? before?.since : nil
        pending = Pending(reason: reason, message: message, generation: request.generation, since: since ?? now.wall.wholeSeconds)
        return before?.reason != reason || before?.generation != request.generation
    }

    /// Takes over what an earlier agent showed: the node looks again.
    mutating func adopt(_ condition: PodCondition?) {
        step = .due
        guard let condition, let reason = condition.reason, let since = condition.lastTransitionTime else { return }
        pending = Pending(
            reason: reason, message: condition.message ?? "", generation: condition.observedGeneration ?? 0, since: since)
    }
}
