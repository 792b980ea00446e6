import Timing

/// The end of a pod: why it is over, and which of its last steps is under way.
struct PodEnd: Sendable {
    /// The steps, in order; each leads to the next.
    enum Step: Int, Sendable, Comparable {
        /// The pod goes on.
        case none
        /// Leads on when nothing runs, and nothing is under way that could still make a container run.
        case stoppingContainers
        /// Leads on when there is no sandbox, or it is stopped.
        case stoppingSandbox
        /// Volumes and addresses are given back.
        case cleaningUp
        /// The pod holds nothing but its records and logs. Leads on when the pod is deleted.
        case cleanedUp
        case removingSandboxes
        /// Nothing but logs is left: the API object may be deleted. Leads on when the object is gone.
        case removable
        case removingRemains
        /// The last state.
        case gone

        static func < (lhs: Step, rhs: Step) -> Bool { lhs.rawValue < rhs.rawValue }
    }

    enum Event: Sendable {
        case done
        case failed(message: String)
    }

    private(set) var step = Step.none
    /// The action of the steps that have one.
    private var attempt = Attempt.due
    /// Since when the containers are being stopped.
    private var stopBegan: Duration?
    private(set) var verdict: PodVerdict?
    /// The sandbox is gone, and the pod may not have another.
    private(set) var hasLostItsOnlySandbox = false

    var hasBegun: Bool { step != .none }

    mutating func begin() {
        if step == .none { advance() }
    }

    /// The pod is over for this reason, whatever its containers do.
    mutating func decree(_ verdict: PodVerdict) {
        self.verdict = verdict
    }

    mutating func loseOnlySandbox() {
        hasLostItsOnlySandbox = true
    }

    /// When the kill follows the stop signal.
    mutating func deadline(_ grace: GracePeriod, at now: Moment) -> Duration {
        let began = stopBegan ?? now.monotonic - grace.elapsed(at: now.wall)
        stopBegan = began
        return began + grace.length
    }

    /// Enters the next step.
    mutating func advance() {
        step = Step(rawValue: step.rawValue + 1) ?? .gone
        attempt = .due
    }

    mutating func receive(_ event: Event, at now: Duration, into decision: inout Decision) {
        switch event {
        case .done: if attempt == .underWay { advance() }
        case .failed(let message):
            attempt.fail(at: now)
            decision.record(.warning, "FailedKillPod", "error killing pod: \(message)")
        }
    }

    /// Decides the steps after the containers' and the sandbox's.
    mutating func decide(sandboxIDs: [String], isDeleting: Bool, isRemoved: Bool, at now: Duration, into decision: inout Decision) {
        if step == .cleanedUp, isDeleting { advance() }
        if step == .removable, isRemoved { advance() }
        switch step {
        case .none, .stoppingContainers, .stoppingSandbox, .cleanedUp, .removable, .gone: break
        case .cleaningUp: attempt.decide(.cleanUp(sandboxIDs: sandboxIDs), at: now, into: &decision)
        case .removingSandboxes: attempt.decide(.removeSandboxes(ids: sandboxIDs), at: now, into: &decision)
        case .removingRemains: attempt.decide(.removeRemains, at: now, into: &decision)
        }
    }
}
