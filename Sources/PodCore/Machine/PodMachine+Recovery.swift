import KubeModel

extension PodMachine {
    /// Takes over what an earlier agent started. `message` gives a container's termination message.
    package mutating func adopt(_ sandboxes: [RecoveredSandbox], at now: Moment, message: (ContainerConfiguration) -> String?) {
        let ordered = sandboxes.sorted { $0.configuration.attempt < $1.configuration.attempt }
        guard let latest = ordered.last else { return adoptStatus(at: now) }
        knownSandboxes = ordered.map(\.configuration.id)
        sandboxAttempt = latest.configuration.attempt
        // Without an address its agent ended before it could tell one: nobody would ever reach the pod in it.
        if latest.isRunning, pod.spec.usesHostNetwork || !latest.addresses.isEmpty {
            sandbox = .ready(id: latest.configuration.id, addresses: latest.addresses)
        } else if pod.status?.phase?.isTerminal != true {
            sandbox = .lost(id: latest.configuration.id, isStopping: false)
        }
        for index in containers.indices {
            adopt(index, from: ordered, at: now, message: message)
        }
    }

    /// The node lost everything, by a reboot for example: what ran has ended in a way that nobody saw.
    private mutating func adoptStatus(at now: Moment) {
        guard let status = pod.status, status.phase?.isTerminal != true else { return }
        let known = (status.initContainerStatuses ?? []) + (status.containerStatuses ?? [])
        for index in containers.indices {
            guard let found = known.first(where: { $0.name == containers[index].name }), found.containerID != nil else { continue }
            containers[index].adopt(found)
            guard let running = found.state.running else { continue }
            let id = found.containerID.flatMap { $0.split(separator: "/").last.map(String.init) } ?? ""
            let terminated = ContainerState.Terminated(
                exitCode: 137, reason: "ContainerStatusUnknown", message: "The container could not be located after the node's restart",
                startedAt: running.startedAt, finishedAt: now.wall, containerID: id)
            containers[index].state = .ended(.init(id: id, imageID: found.imageID, terminated: terminated, monotonic: now.monotonic))
        }
    }

    private mutating func adopt(_ index: Int, from sandboxes: [RecoveredSandbox], at now: Moment, message: (ContainerConfiguration) -> String?) {
        let name = containers[index].name
        let found = sandboxes.flatMap(\.containers)
            .filter { $0.configuration.name == name && $0.condition != .neverStarted }
            .sorted { $0.configuration.restartCount < $1.configuration.restartCount }
        guard let current = found.last else { return }
        containers[index].restartCount = current.configuration.restartCount
        containers[index].state = Self.state(of: current, at: now, message: message)
        containers[index].user = current.configuration.process.user
        if found.count > 1, case .ended(let ended) = Self.state(of: found[found.count - 2], at: now, message: message) {
            containers[index].last = ended
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
