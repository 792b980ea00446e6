import KubeModel

extension PodMachine {
    /// The least time between the stop signal and the kill, as in kubelet.
    static let leastGrace = Duration.seconds(2)

    /// Seconds between the stop signal and the kill.
    var gracePeriod: Duration {
        let seconds: Int64
        if isRemoved, pod.metadata.deletionTimestamp == nil {
            seconds = 1
        } else {
            seconds = pod.metadata.deletionGracePeriodSeconds ?? pod.spec.terminationGracePeriodSeconds ?? 30
        }
        return max(.seconds(seconds), Self.leastGrace)
    }

    mutating func decideTeardown(_ now: Moment, _ actions: inout [PodAction]) {
        if let retryAt = teardownRetryAt, retryAt > now.monotonic { return wake(at: retryAt) }
        switch teardown {
        case .none, .gone: break
        case .stoppingContainers:
            stopContainers(now, &actions)
            guard isQuiet else { return }
            advance(to: .stoppingSandbox)
            decideTeardown(now, &actions)
        case .stoppingSandbox: stopSandbox(now, &actions)
        case .cleaningUp: begin(.cleanUp(sandboxIDs: knownSandboxes), &actions)
        case .cleanedUp:
            guard isDeleting else { return }
            advance(to: .removingSandboxes)
            decideTeardown(now, &actions)
        case .removingSandboxes: begin(.removeSandboxes(ids: knownSandboxes), &actions)
        case .removable:
            guard isRemoved else { return }
            advance(to: .removingRemains)
            decideTeardown(now, &actions)
        case .removingRemains: begin(.removeRemains, &actions)
        }
    }

    private mutating func begin(_ action: PodAction, _ actions: inout [PodAction]) {
        guard !teardownIsUnderWay else { return }
        teardownIsUnderWay = true
        actions.append(action)
    }

    private mutating func stopSandbox(_ now: Moment, _ actions: inout [PodAction]) {
        switch sandbox {
        case .ready(let id, _), .lost(let id, _): begin(.stopSandbox(id: id), &actions)
        case .absent:
            sandbox = .stopped(addresses: [])
            advance(to: .cleaningUp)
            decideTeardown(now, &actions)
        case .stopped:
            advance(to: .cleaningUp)
            decideTeardown(now, &actions)
        case .creating: break
        }
    }

    /// Nothing runs, and nothing is under way that could still make something run. A pull may go on: nobody waits for it.
    private var isQuiet: Bool {
        sandbox != .creating
            && !volumes.values.contains(.mounting)
            && containers.allSatisfy { $0.running == nil && $0.activity != .starting }
    }

    /// The regular containers first, all at once; then sidecars one by one against their order of starting.
    private mutating func stopContainers(_ now: Moment, _ actions: inout [PodAction]) {
        let began = stopBegan ?? now.monotonic
        stopBegan = began
        let deadline = began + gracePeriod
        let regular = containers.indices.filter { !isSidecar(containers[$0]) && isAlive(containers[$0]) }
        let sidecars = containers.indices.filter { isSidecar(containers[$0]) && isAlive(containers[$0]) }
        for index in regular.isEmpty ? sidecars.suffix(1) : regular {
            stop(index, deadline: deadline, now, &actions)
        }
    }

    private func isAlive(_ record: ContainerRecord) -> Bool {
        record.running != nil || record.activity == .starting
    }

    private mutating func stop(_ index: Int, deadline: Duration, _ now: Moment, _ actions: inout [PodAction]) {
        guard let running = containers[index].running, case .ready(let sandboxID, _) = sandbox else { return }
        if containers[index].killAt == nil {
            containers[index].killAt = max(deadline, now.monotonic + Self.leastGrace)
            actions.append(
                .record(PodEventRecord(.normal, "Killing", "Stopping container \(containers[index].name)", fieldPath: containers[index].fieldPath)))
            actions.append(.stopContainer(id: running.id, sandboxID: sandboxID, signal: .stop))
        } else if let killAt = containers[index].killAt, deadline < killAt {
            // A second delete with a shorter grace period.
            containers[index].killAt = max(deadline, now.monotonic)
        }
        guard let killAt = containers[index].killAt, !containers[index].isKilled else { return }
        if killAt <= now.monotonic {
            containers[index].isKilled = true
            actions.append(.stopContainer(id: running.id, sandboxID: sandboxID, signal: .kill))
        } else {
            wake(at: killAt)
        }
    }
}
