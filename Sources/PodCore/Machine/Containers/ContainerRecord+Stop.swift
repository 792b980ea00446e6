import KubeModel
import Timing

extension ContainerRecord {
    /// Runs, or may soon.
    var isAlive: Bool { running != nil || isStarting }

    /// Ends the container while its pod goes on, for the reasons that there are: a failed `postStart` hook, a failed probe, another image, or other
    /// resources.
    mutating func decideRestart(in place: ContainerPlace, _ rules: RestartRules, at now: Duration, into decision: inout Decision) {
        if case .running(let running) = step, let (reason, text, grace) = reasonToRestart(running, in: place, rules) {
            let podGrace = GracePeriod(of: place.pod)
            let hasHook = place.hasPreStop(name) && podGrace.allowsHooks
            begin(reason, text, running, hasHook: hasHook, in: place, deadline: now + (grace ?? podGrace.length), at: now, into: &decision)
        }
        sendDueSignal(in: place, isTurn: true, at: now, into: &decision)
    }

    private func reasonToRestart(
        _ running: RunningContainer, in place: ContainerPlace, _ rules: RestartRules
    ) -> (ContainerStop.Reason, text: String, grace: Duration?)? {
        if case .failed(let message) = running.postStart?.progress {
            return (.postStartFailed(message: message), "FailedPostStartHook", nil)
        }
        let subject = "\(role == .initial ? "Init container" : "Container") \(name)"
        if role != .ephemeral, let image, let spec = place.spec(of: name), spec.image != image {
            return (.restart, "\(subject) definition changed, will be restarted", nil)
        }
        if place.restartsToResize.contains(name) { return (.restart, "Container \(name) resize requires restart", nil) }
        guard let failure = running.probes.failure else { return nil }
        let text = "\(subject) failed \(failure.kind.rawValue.lowercased()) probe"
        guard rules.restartsOnFailure(self) else { return (.unhealthy, text, failure.grace) }
        return (.restart, "\(text), will be restarted", failure.grace)
    }

    /// Takes the next step to the container's end, as a part of the pod's or of the restart of all containers.
    /// - Parameters:
    ///   - reason: `podEnds` or `restartAll`.
    ///   - deadline: when the pod's grace period ends.
    ///   - hasTime: the grace period is long enough for hooks.
    ///   - isTurn: no other container has to end before this one.
    mutating func decideStop(
        _ reason: ContainerStop.Reason = .podEnds, in place: ContainerPlace, deadline: Duration, hasTime: Bool, isTurn: Bool, at now: Duration,
        into decision: inout Decision
    ) {
        switch step {
        case .idle, .pausing, .ensuringImage, .imageReady, .starting: return
        case .running(let running):
            let hasHook = place.hasPreStop(name) && hasTime && deadline > now
            let text = reason == .restartAll ? "killing" : "Stopping container \(name)"
            begin(reason, text, running, hasHook: hasHook, in: place, deadline: deadline, at: now, into: &decision)
        case .stopping(let running, var stop):
            stop.shorten(to: deadline)
            step = .stopping(running, stop)
        }
        sendDueSignal(in: place, isTurn: isTurn, at: now, into: &decision)
    }

    /// Begins the stop with the `preStop` hook, which may take the whole grace period.
    private mutating func begin(
        _ reason: ContainerStop.Reason, _ text: String, _ running: RunningContainer, hasHook: Bool, in place: ContainerPlace, deadline: Duration,
        at now: Duration, into decision: inout Decision
    ) {
        decision.record(.normal, "Killing", text, fieldPath: fieldPath)
        if hasHook {
            decision.perform(.runHook(.preStop, container: name, id: running.id, sandboxID: place.sandboxID, timeout: deadline - now))
        }
        step = .stopping(running, ContainerStop(reason, deadline: deadline, hasHook: hasHook))
    }

    private mutating func sendDueSignal(in place: ContainerPlace, isTurn: Bool, at now: Duration, into decision: inout Decision) {
        guard case .stopping(let running, var stop) = step else { return }
        if let signal = stop.takeDue(at: now, isTurn: isTurn) {
            decision.perform(.stopContainer(id: running.id, sandboxID: place.sandboxID, signal: signal))
        }
        if let time = stop.nextTime(after: now) { decision.wake(at: time) }
        step = .stopping(running, stop)
    }
}
