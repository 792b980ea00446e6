import KubeModel
import Timing

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
        let began = stopBegan ?? now.monotonic - graceBeforeThisAgent(now)
        stopBegan = began
        let deadline = began + gracePeriod
        let regular = containers.indices.filter { !isSidecar(containers[$0]) && isAlive(containers[$0]) }
        let sidecars = containers.indices.filter { isSidecar(containers[$0]) && isAlive(containers[$0]) }
        for index in regular.isEmpty ? sidecars.suffix(1) : regular {
            stop(index, deadline: deadline, now, &actions)
        }
    }

    /// What of the grace period an earlier agent has given already. By the API server's clock, and so only where this agent's own cannot tell.
    private func graceBeforeThisAgent(_ now: Moment) -> Duration {
        guard wasDeleting, let end = pod.metadata.deletionTimestamp else { return .zero }
        let left = Duration.seconds(end.seconds - now.wall.seconds)
        return min(max(gracePeriod - left, .zero), gracePeriod)
    }

    private func isAlive(_ record: ContainerRecord) -> Bool {
        record.running != nil || record.activity == .starting
    }

    private mutating func stop(_ index: Int, deadline: Duration, _ now: Moment, _ actions: inout [PodAction]) {
        guard let running = containers[index].running, case .ready(let sandboxID, _) = sandbox else { return }
        if containers[index].stopping != nil {
            containers[index].stopping?.shorten(to: deadline, now: now.monotonic)
        } else {
            containers[index].stopping = ContainerStop(deadline: deadline, atLeast: Self.leastGrace, now: now.monotonic)
            actions.append(
                .record(PodEventRecord(.normal, "Killing", "Stopping container \(containers[index].name)", fieldPath: containers[index].fieldPath)))
        }
        if let signal = containers[index].stopping?.takeDue(at: now.monotonic) {
            actions.append(.stopContainer(id: running.id, sandboxID: sandboxID, signal: signal))
        }
        if let time = containers[index].stopping?.nextTime(after: now.monotonic) { wake(at: time) }
    }

    /// A container that cannot be told to end holds the whole pod: that is said once, and tried until its end is known.
    mutating func signalFailed(_ id: String, _ signal: StopSignal, _ message: String, _ now: Moment) {
        guard let index = containers.firstIndex(where: { $0.running?.id == id }) else { return }
        guard containers[index].stopping?.couldNotSend(signal, at: now.monotonic) == true else { return }
        let text = "error killing pod: failed to \"KillContainer\" for \"\(containers[index].name)\" with KillContainerError: \"\(message)\""
        pending.append(.record(PodEventRecord(.warning, "FailedKillPod", text)))
    }
}
