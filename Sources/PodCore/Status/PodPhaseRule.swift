import KubeModel

extension PodMachine {
    /// The phase that follows from the containers' states alone, by kubelet's rules. Conditions use it.
    var phaseOfContainers: PodPhase {
        if let phase = end.verdict?.phase { return phase }
        let initial = containers.filter { $0.role == .initial && !rules.isSidecar($0) }
        if initial.contains(where: { rules.hasFailedForGood($0) }) { return .failed }
        let regular = containers.filter { $0.role == .regular }
        let running = regular.count { $0.shownRunning != nil }
        let ended = regular.compactMap(\.ended)
        if regular.count - running - ended.count > 0 { return .pending }
        if running > 0 { return .running }
        let succeeded = ended.allSatisfy { $0.exitCode == 0 }
        if end.step >= .stoppingSandbox { return succeeded ? .succeeded : .failed }
        if regular.contains(where: rules.mayRun) || containers.contains(where: { rules.isSidecar($0) && $0.running != nil }) { return .running }
        return succeeded ? .succeeded : .failed
    }

    /// The phase of the pod: a pod that ends before all of its containers ran has failed.
    private var apparentPhase: PodPhase {
        let phase = phaseOfContainers
        return phase == .pending && end.step >= .stoppingSandbox ? .failed : phase
    }

    /// Returns the phase to report: a terminal phase only once the sandbox was stopped, and no other phase after it.
    func reportedPhase(previous: PodPhase?) -> PodPhase {
        if let verdict = end.verdict, verdict.isInAPI, let phase = verdict.phase { return phase }
        let phase = apparentPhase
        if let previous, previous.isTerminal { return previous }
        guard phase.isTerminal, end.step < .cleaningUp else {
            // A pod that once ran does not become Pending again, for example while a container is made anew.
            return phase == .pending && previous == .running ? .running : phase
        }
        return previous == .running || containers.contains(where: hasRun) ? .running : .pending
    }

    /// Whether a regular container's program was executed, however it ended.
    private func hasRun(_ record: ContainerRecord) -> Bool {
        guard record.role == .regular else { return false }
        return record.running != nil || record.ended?.hasRun == true
    }
}
