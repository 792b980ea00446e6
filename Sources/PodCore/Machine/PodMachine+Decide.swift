import KubeModel
package import Timing

extension PodMachine {
    /// Returns the actions to perform now. Every action returned has been noted as begun.
    package mutating func decide(at now: Moment) -> [PodAction] {
        var decision = pending
        pending = Decision()
        if !isEnding, isDeleting || end.verdict != nil || end.hasLostItsOnlySandbox || sequence.isFinished(rules) { end.begin() }
        if isEnding {
            decideEnd(now, &decision)
        } else {
            decideLife(now, &decision)
        }
        nextWake = decision.nextWake
        return decision.actions
    }

    /// Volumes and sandbox side by side, then the containers.
    private mutating func decideLife(_ now: Moment, _ decision: inout Decision) {
        volumes.decide(pod.spec.usedVolumeNames, at: now.monotonic, into: &decision)
        if volumes.areMounted { refresh.decide(at: now.monotonic, into: &decision) }
        sandbox.decide(at: now.monotonic, into: &decision)
        guard let sandboxID = sandbox.readyID, volumes.areMounted else { return }
        sequence.decide(in: ContainerPlace(pod: pod, sandboxID: sandboxID, addresses: addresses), at: now.monotonic, into: &decision)
    }

    /// Containers, sandbox, then what the pod holds beside them: in this order, because each is used by the one before.
    private mutating func decideEnd(_ now: Moment, _ decision: inout Decision) {
        if end.step == .stoppingContainers {
            let deadline = end.deadline(GracePeriod(pod: pod, isRemoved: isRemoved, wasDeleting: wasDeleting), at: now)
            if let sandboxID = sandbox.readyID {
                sequence.decideStop(deadline: deadline, sandboxID: sandboxID, rules, at: now.monotonic, into: &decision)
            }
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
    private var isQuiet: Bool { sequence.isQuiet && !volumes.isMounting && !refresh.isUnderWay && sandbox.state != .creating }
}
