import KubeModel
package import Timing

extension PodMachine {
    /// Returns the actions to perform now. Every action returned has been noted as begun.
    package mutating func decide(at now: Moment) -> [PodAction] {
        var decision = pending
        pending = Decision()
        decideDeadline(now, &decision)
        if !isEnding, isDeleting || end.verdict != nil || end.hasLostItsOnlySandbox || sequence.isFinished(rules) { end.begin() }
        if isEnding {
            decideEnd(now, &decision)
        } else {
            decideLife(now, &decision)
        }
        nextDecision = decision.nextWake
        nextProbe = decision.nextProbe
        return decision.actions
    }

    /// The deadline counts as long as something may run: also for a pod that is being deleted.
    private mutating func decideDeadline(_ now: Moment, _ decision: inout Decision) {
        guard end.step <= .stoppingContainers, end.verdict == nil, let deadline = ActiveDeadline(pod.spec, startTime: startTime) else { return }
        if let left = deadline.left(at: now.wall) { return decision.wake(at: now.monotonic + left) }
        end.decree(ActiveDeadline.verdict)
        decision.record(.normal, ActiveDeadline.verdict.reason ?? "", ActiveDeadline.verdict.message ?? "")
    }

    /// Volumes and sandbox side by side, then the containers. Their resources are decided before they start.
    private mutating func decideLife(_ now: Moment, _ decision: inout Decision) {
        volumes.decide(pod.spec.usedVolumeNames, at: now.monotonic, into: &decision)
        if volumes.areMounted { refresh.decide(at: now.monotonic, into: &decision) }
        sandbox.decide(at: now.monotonic, into: &decision)
        resize.decideReview(generation: pod.metadata.generation ?? 0, at: now.monotonic, into: &decision)
        resize.decideProgress(containers, sandboxID: sandbox.readyID, pod: pod, at: now.monotonic, into: &decision)
        if let place, volumes.areMounted { sequence.decide(in: place, at: now.monotonic, into: &decision) }
        resize.noteBegun(decision.actions)
    }

    /// `nil` while there is no sandbox in which containers may run.
    private var place: ContainerPlace? {
        sandbox.readyID.map {
            ContainerPlace(
                pod: pod, sandboxID: $0, addresses: addresses, holdsStarts: resize.holdsStarts(containers),
                restartsToResize: resize.restarts(containers, pod.spec))
        }
    }

    /// Containers, sandbox, then what the pod holds beside them: in this order, because each is used by the one before.
    private mutating func decideEnd(_ now: Moment, _ decision: inout Decision) {
        if end.step == .stoppingContainers {
            let grace = GracePeriod(of: pod, isRemoved: isRemoved, wasDeleting: wasDeleting, limit: end.verdict?.graceLimit)
            let deadline = end.deadline(grace, at: now)
            if let place { sequence.decideStop(in: place, deadline: deadline, hasTime: grace.allowsHooks, at: now.monotonic, into: &decision) }
            // A container that still runs goes on reading its volumes.
            if !sequence.isQuiet, volumes.areMounted { refresh.decide(at: now.monotonic, into: &decision) }
            guard isQuiet else { return }
            end.advance()
        }
        if end.step == .stoppingSandbox {
            guard sandbox.decideEnd(at: now.monotonic, into: &decision) else { return }
            end.advance()
        }
        end.decide(sandboxIDs: knownSandboxes, isDeleting: isDeleting, isRemoved: isRemoved, at: now.monotonic, into: &decision)
    }

    /// Nothing is under way that could still make something run or hold something.
    private var isQuiet: Bool { sequence.isQuiet && !volumes.isMounting && !refresh.isUnderWay && sandbox.state != .creating && !resize.isUnderWay }
}
