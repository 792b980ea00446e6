package import Timing

/// Probes run far more often than anything else happens to a pod, and nearly all of them find the container as it was.
extension PodMachine {
    /// Takes the result of a probe that changes nothing but the time of the probe's next run.
    /// - Returns: false for any other event. The machine is then as before, and the event is one for ``receive(_:at:)``.
    package mutating func takeQuietly(_ event: PodEvent, at now: Moment) -> Bool {
        guard case .probed(let id, let kind, let result) = event, !isEnding, pending.actions.isEmpty,
            sequence.takeQuietly(kind, result, ofRunning: id, at: now.monotonic)
        else { return false }
        nextProbe = sequence.nextProbe
        return true
    }

    /// Begins the probes that are due.
    /// - Returns: nil when more is due than probes, which ``decide(at:)`` then begins too.
    package mutating func beginProbes(at now: Moment) -> [PodAction]? {
        guard !isEnding, pending.actions.isEmpty, nextDecision.map({ $0 > now.monotonic }) ?? true, let sandboxID = sandbox.readyID else {
            return nil
        }
        var decision = Decision()
        sequence.probe(sandboxID: sandboxID, at: now.monotonic, into: &decision)
        nextProbe = decision.nextProbe
        return decision.actions
    }
}
