import Timing

/// The sandbox of a pod, and the earlier ones whose records are still on disk.
struct PodSandbox: Sendable {
    enum State: Sendable, Hashable {
        /// The first state, and the one after a failed creation or a stopped sandbox. Leads to `creating`, after a failure when its pause is over; to
        /// `stopped` when the pod ends.
        case absent
        /// The result of the creation is missing. Leads to `ready`, to `absent` or `lost` by a failure, and to `waitingForNetwork`.
        case creating
        /// The node has no pod network. Leads to `absent` when it has; to `stopped` when the pod ends.
        case waitingForNetwork
        /// Containers may run. The stop belongs to the pod's end. Leads to `lost`, and to `stopped` when the pod ends.
        case ready(id: String, addresses: [String], stop: Attempt)
        /// The pause process or the shim is gone, or the network could not be attached; the rest must be stopped. Leads to `absent`; to `stopped`
        /// when the pod ends.
        case lost(id: String, stop: Attempt)
        /// The last state, in the course of the pod's end. The addresses stay in the status.
        case stopped(addresses: [String])
    }

    enum Event: Sendable {
        case created(id: String, addresses: [String])
        /// - Parameter remains: the sandbox that was made before a later step failed.
        case creationFailed(message: String, remains: String?)
        case devicesMissing(message: String)
        case networkMissing
        case networkReady
        case ended(id: String)
        case stopped
        case stopFailed(message: String)
        case removed(id: String)
    }

    private(set) var state: State
    /// Sandboxes whose records are still on disk, the latest last.
    private(set) var knownIDs: [String] = []
    /// Counts the sandboxes of this pod, from 0.
    private var attempt = 0
    /// The node has got its pod network since the pod came. A creation may have missed it by a moment.
    private var hasNetwork = false
    private var backOff = BackOff(initial: .seconds(1), maximum: .seconds(60))
    /// No creation before this time.
    private var notBefore = Duration.zero
    /// A lost sandbox that was never ready. Its records are of no use.
    private var uselessID: String?

    init(_ state: State = .absent) {
        self.state = state
    }

    /// The sandbox in which containers may run.
    var readyID: String? {
        if case .ready(let id, _, _) = state { return id }
        return nil
    }

    /// Of the latest sandbox that this agent knows, also once it has ended.
    private(set) var lastAddresses: [String] = []

    var addresses: [String] {
        switch state {
        case .ready(_, let addresses, _), .stopped(let addresses): addresses
        case .absent, .creating, .waitingForNetwork, .lost: []
        }
    }

    /// - Parameter isEnding: the pod ends, and no other sandbox follows.
    mutating func receive(_ event: Event, isEnding: Bool, at now: Duration, into decision: inout Decision) {
        switch (event, state) {
        case (.created(let id, let addresses), .creating): created(id, addresses, into: &decision)
        case (.creationFailed(let message, let remains), .creating):
            pause(from: now)
            attempt += 1
            uselessID = remains
            if let remains {
                knownIDs.append(remains)
                state = .lost(id: remains, stop: .due)
            } else {
                state = .absent
            }
            decision.record(.warning, "FailedCreatePodSandBox", "Failed to create pod sandbox: \(message)")
        case (.devicesMissing(let message), .creating):
            pause(from: now)
            state = .absent
            decision.record(.warning, "FailedPrepareDynamicResources", "Failed to prepare dynamic resources: \(message)")
        case (.networkMissing, .creating):
            state = hasNetwork ? .absent : .waitingForNetwork
            if !hasNetwork {
                decision.record(.warning, "NetworkNotReady", "network is not ready: the node has no podCIDR or no CNI configuration yet")
            }
            // A network that came a moment after the look gets one more try. One that has gone again is waited for.
            hasNetwork = false
        case (.networkReady, _):
            hasNetwork = true
            if state == .waitingForNetwork { state = .absent }
        case (.ended(let ended), .ready(let id, _, let stop)) where ended == id: state = .lost(id: id, stop: stop)
        case (.stopped, .lost(let id, .underWay)) where !isEnding:
            state = .absent
            if id == uselessID { decision.perform(.removeSandbox(id: id)) } else { attempt += 1 }
        case (.stopped, .ready(_, _, .underWay)), (.stopped, .lost(_, .underWay)): state = .stopped(addresses: addresses)
        case (.stopFailed(let message), _): stopFailed(message, at: now, into: &decision)
        case (.removed(let id), _): knownIDs.removeAll { $0 == id }
        case (.created, _), (.creationFailed, _), (.devicesMissing, _), (.networkMissing, _), (.ended, _), (.stopped, _): break
        }
    }

    private mutating func pause(from now: Duration) {
        backOff.step(at: now)
        notBefore = now + (backOff.delay(at: now) ?? .seconds(1))
    }

    private mutating func created(_ id: String, _ addresses: [String], into decision: inout Decision) {
        state = .ready(id: id, addresses: addresses, stop: .due)
        lastAddresses = addresses
        knownIDs.append(id)
        backOff.reset()
        // The one before is kept: a restarted agent finds in it how the containers last ended.
        for earlier in knownIDs.dropLast(2) { decision.perform(.removeSandbox(id: earlier)) }
    }

    private mutating func stopFailed(_ message: String, at now: Duration, into decision: inout Decision) {
        switch state {
        case .ready(let id, let addresses, var stop):
            stop.fail(at: now)
            state = .ready(id: id, addresses: addresses, stop: stop)
        case .lost(let id, var stop):
            stop.fail(at: now)
            state = .lost(id: id, stop: stop)
        case .absent, .creating, .waitingForNetwork, .stopped: break
        }
        decision.record(.warning, "FailedKillPod", "error killing pod: \(message)")
    }

    /// Makes a sandbox where there is none, after what is left of a lost one was stopped.
    mutating func decide(at now: Duration, into decision: inout Decision) {
        switch state {
        case .ready, .creating, .waitingForNetwork, .stopped: break
        case .lost: stop(at: now, into: &decision)
        case .absent where notBefore > now: decision.wake(at: notBefore)
        case .absent:
            state = .creating
            decision.perform(.createSandbox(attempt: attempt))
        }
    }

    /// Takes the next step to a stopped sandbox, at the pod's end.
    /// - Returns: whether it is stopped.
    mutating func decideEnd(at now: Duration, into decision: inout Decision) -> Bool {
        switch state {
        case .absent, .waitingForNetwork:
            state = .stopped(addresses: [])
            return true
        case .stopped: return true
        case .creating: return false
        case .ready, .lost:
            stop(at: now, into: &decision)
            return false
        }
    }

    private mutating func stop(at now: Duration, into decision: inout Decision) {
        switch state {
        case .ready(let id, let addresses, var stop):
            stop.decide(.stopSandbox(id: id), at: now, into: &decision)
            state = .ready(id: id, addresses: addresses, stop: stop)
        case .lost(let id, var stop):
            stop.decide(.stopSandbox(id: id), at: now, into: &decision)
            state = .lost(id: id, stop: stop)
        case .absent, .creating, .waitingForNetwork, .stopped: break
        }
    }

    /// The records of all sandboxes are gone.
    mutating func forgetRecords() {
        knownIDs = []
    }

    /// Takes over an earlier agent's sandboxes, in the order of their making.
    /// - Parameter needsAddress: the pod has no use for a sandbox without an address.
    /// - Returns: the sandbox in which the pod goes on.
    mutating func adopt(_ ordered: [RecoveredSandbox], needsAddress: Bool) -> RecoveredSandbox? {
        knownIDs = ordered.map(\.configuration.id)
        guard let latest = ordered.last else { return nil }
        attempt = latest.configuration.attempt
        // The agent of a sandbox without an address ended before it could record one: clients cannot reach the pod there.
        guard latest.isRunning, !needsAddress || !latest.addresses.isEmpty else {
            // Of a pod that is over, only what still runs is stopped.
            if latest.isRunning || state == .absent { state = .lost(id: latest.configuration.id, stop: .due) }
            return nil
        }
        state = .ready(id: latest.configuration.id, addresses: latest.addresses, stop: .due)
        lastAddresses = latest.addresses
        return latest
    }
}
