import KubeModel
package import Timing

extension PodMachine {
    /// Takes over what an earlier agent started.
    ///
    /// - Parameters:
    ///   - lastLogs: the highest number of a log by container.
    ///   - message: a container's termination message.
    package mutating func adopt(
        _ sandboxes: [RecoveredSandbox], at now: Moment, lastLogs: [String: Int] = [:], message: (ContainerConfiguration) -> String?
    ) {
        let isTerminal = pod.status?.phase?.isTerminal == true
        let ordered = sandboxes.sorted { $0.configuration.attempt < $1.configuration.attempt }
        knownSandboxes = ordered.map(\.configuration.id)
        sandboxAttempt = ordered.last?.configuration.attempt ?? 0
        // Without an address its agent ended before it could tell one: nobody would ever reach the pod in it.
        let live = ordered.last.flatMap { $0.isRunning && (pod.spec.usesHostNetwork || !$0.addresses.isEmpty) ? $0 : nil }
        isInitialized = live?.containers.contains { $0.configuration.role == .regular && $0.condition != .neverStarted } == true
        for index in containers.indices {
            let name = containers[index].name
            let records = ordered.flatMap(\.containers).filter { $0.configuration.name == name }
            if records.isEmpty { containers[index].lastLog = lastLogs[name] }
            adopt(index, from: records.filter { $0.condition != .neverStarted }, at: now, message: message)
            // What an init container did in an earlier sandbox does not count in this one.
            if let live, containers[index].role == .initial, !isInitialized, let ended = containers[index].ended,
                !Self.happened(ended, in: live, of: ordered)
            {
                containers[index].forgetCompletion()
            }
        }
        if let live {
            sandbox = .ready(id: live.configuration.id, addresses: live.addresses)
        } else if !isTerminal {
            if let latest = ordered.last { sandbox = .lost(id: latest.configuration.id, isStopping: false) }
            if !isDeleting { startOver() }
        }
    }

    /// By its record. What could not be started has none, only a time in whole seconds.
    private static func happened(_ ended: ContainerRecord.Ended, in live: RecoveredSandbox, of all: [RecoveredSandbox]) -> Bool {
        if let owner = all.first(where: { $0.containers.contains { $0.configuration.id == ended.id } }) {
            return owner.configuration.id == live.configuration.id
        }
        return ended.terminated.finishedAt.map { $0.seconds >= live.createdAt.seconds } ?? false
    }

    /// From the runtime's records, and from the API server's status where it knows more: what could not be started leaves no record, and the
    /// records end with the boot.
    private mutating func adopt(
        _ index: Int, from records: [RecoveredSandbox.Container], at now: Moment, message: (ContainerConfiguration) -> String?
    ) {
        let known = pod.status?.container(named: containers[index].name)
        let found = records.sorted { $0.configuration.restartCount < $1.configuration.restartCount }
        guard let current = found.last, current.condition.isRunning || current.configuration.restartCount >= known?.restartCount ?? 0 else {
            // The status of a pod that is over was taken as it is.
            guard teardown == .none, let known, known.containerID != nil || known.lastState.terminated != nil else { return }
            return containers[index].adoptLost(known, at: now)
        }
        containers[index].restartCount = current.configuration.restartCount
        containers[index].state = Self.state(of: current, at: now, message: message)
        containers[index].user = current.configuration.process.user
        if found.count > 1, case .ended(let ended) = Self.state(of: found[found.count - 2], at: now, message: message) {
            containers[index].last = ended
        } else {
            containers[index].last = known?.ends.first { $0.id != current.configuration.id }
        }
    }

    private static func state(of container: RecoveredSandbox.Container, at now: Moment, message: (ContainerConfiguration) -> String?)
        -> ContainerRecord.State
    {
        let configuration = container.configuration
        switch container.condition {
        case .neverStarted: return .waiting(reason: nil, message: nil)
        case .running(let started):
            return .running(.init(id: configuration.id, startedAt: started.startedAt, imageID: configuration.imageID))
        case .exited(let exit):
            return .ended(
                .init(
                    id: configuration.id, imageID: configuration.imageID,
                    terminated: exit.terminated(id: configuration.id, message: message(configuration)), monotonic: now.monotonic))
        }
    }
}

extension RecoveredSandbox.ContainerCondition {
    fileprivate var isRunning: Bool { if case .running = self { true } else { false } }
}

extension ContainerExit {
    /// The end as a container status shows it.
    func terminated(id: String, message: String?) -> ContainerState.Terminated {
        let reason =
            if !isKnown { "ContainerStatusUnknown" } else if outOfMemory { "OOMKilled" } else if exitCode == 0 { "Completed" } else { "Error" }
        let message = message ?? (isKnown ? nil : "The container could not be located: nobody saw how it ended")
        return ContainerState.Terminated(
            exitCode: exitCode, reason: reason, message: message, startedAt: startedAt, finishedAt: finishedAt, containerID: id)
    }
}
