import KubeModel
package import Timing

extension PodMachine {
    /// How long a failed step waits before it is tried again, where nothing tells that its cause went away.
    static let errorRetry = Duration.seconds(10)
    /// How long a failure is shown as what it is before it is shown as waiting for the next try.
    static let backOffNotice = Duration.seconds(1)

    /// What to do now. Every action returned has been noted as begun.
    package mutating func decide(at now: Moment) -> [PodAction] {
        var actions = pending
        pending = []
        nextWake = nil
        if teardown == .none, isDeleting || verdict != nil || isFinished { teardown = .stoppingContainers }
        if teardown == .none {
            decideActive(now, &actions)
        } else {
            decideTeardown(now, &actions)
        }
        return actions
    }

    /// Every container has ended and none is to run again.
    var isFinished: Bool {
        if isOver { return true }
        if containers.contains(where: { $0.activity != .none }) { return false }
        if containers.contains(where: { $0.role == .initial && !isSidecar($0) && hasFailedForGood($0) }) { return true }
        return containers.filter { $0.role == .regular }.allSatisfy { $0.ended != nil && !mayRestart($0) }
    }

    private func hasFailedForGood(_ record: ContainerRecord) -> Bool {
        guard let ended = record.ended else { return false }
        return ended.terminated.exitCode != 0 && !mayRestart(record)
    }

    /// Whether the restart policy lets an ended container run again.
    func mayRestart(_ record: ContainerRecord) -> Bool {
        guard let ended = record.ended else { return true }
        if isSidecar(record) { return true }
        let exitCode = ended.terminated.exitCode
        if record.role == .initial, exitCode == 0 { return false }
        if pod.spec.container(named: record.name)?.restartsByRule(after: exitCode) == true { return true }
        switch restartPolicy(of: record) {
        case .always: return true
        case .onFailure: return exitCode != 0
        case .never: return false
        }
    }

    /// The container's own policy, else the pod's.
    func restartPolicy(of record: ContainerRecord) -> RestartPolicy {
        pod.spec.container(named: record.name)?.restartPolicy ?? restartPolicy
    }

    mutating func wake(at time: Duration) {
        nextWake = nextWake.map { min($0, time) } ?? time
    }

    private mutating func decideActive(_ now: Moment, _ actions: inout [PodAction]) {
        mountVolumes(now, &actions)
        guard let sandboxID = ensureSandbox(now, &actions), volumesAreMounted else { return }
        runContainers(inSandbox: sandboxID, now, &actions)
    }

    private mutating func mountVolumes(_ now: Moment, _ actions: inout [PodAction]) {
        for name in pod.spec.usedVolumeNames {
            switch volumes[name] ?? .wanted {
            case .mounted, .mounting: break
            case .failed(let retryAt) where retryAt > now.monotonic: wake(at: retryAt)
            case .wanted, .failed:
                volumes[name] = .mounting
                actions.append(.mountVolume(name: name))
            }
        }
    }

    private mutating func ensureSandbox(_ now: Moment, _ actions: inout [PodAction]) -> String? {
        switch sandbox {
        case .ready(let id, _): return id
        case .creating, .stopped, .lost(_, isStopping: true): return nil
        case .lost where teardownRetryAt.map { $0 > now.monotonic } ?? false: wake(at: teardownRetryAt!)
        case .lost(let id, isStopping: false):
            sandbox = .lost(id: id, isStopping: true)
            actions.append(.stopSandbox(id: id))
        case .absent(let retryAt?) where retryAt > now.monotonic: wake(at: retryAt)
        case .absent:
            sandbox = .creating
            actions.append(.createSandbox(attempt: sandboxAttempt))
        }
        return nil
    }

    /// Init containers one after the other, then the regular ones in order: each waits until those before it are on their way or have failed.
    /// Once there was a regular container, the sidecars are such ones too: one that does not come up holds nobody back.
    private mutating func runContainers(inSandbox sandboxID: String, _ now: Moment, _ actions: inout [PodAction]) {
        for index in containers.indices where containers[index].role == .initial {
            let record = containers[index]
            let isDone = isSidecar(record) ? record.running != nil : isInitialized || record.ended?.terminated.exitCode == 0
            if isDone { continue }
            let isOnItsWay = run(index, inSandbox: sandboxID, now, &actions)
            if isOnItsWay || !isInitialized { return }
        }
        for index in containers.indices where containers[index].role == .regular {
            if run(index, inSandbox: sandboxID, now, &actions) { break }
        }
    }

    /// Takes the container's next step; true when the ones after it have to wait for that step.
    private mutating func run(_ index: Int, inSandbox sandboxID: String, _ now: Moment, _ actions: inout [PodAction]) -> Bool {
        guard containers[index].running == nil, mayRestart(containers[index]) else { return false }
        guard containers[index].activity == .none else { return true }
        showBackOff(index, now, &actions)
        if let image = containers[index].image {
            let count = containers[index].nextCount
            if let superseded = containers[index].last, containers[index].ended != nil, !superseded.id.isEmpty {
                actions.append(.removeContainer(id: superseded.id, sandboxID: sandboxID))
            }
            containers[index].activity = .starting
            containers[index].startingCount = count
            actions.append(
                .startContainer(container: containers[index].name, restartCount: count, image: image, sandboxID: sandboxID, addresses: addresses))
            return true
        }
        if let until = waitingUntil(containers[index], now) {
            wake(at: until)
            return false
        }
        if containers[index].ended != nil { containers[index].restartBackOff.step(at: now.monotonic) }
        containers[index].retryAt = nil
        containers[index].noticeAt = nil
        containers[index].activity = .ensuringImage
        actions.append(.ensureImage(container: containers[index].name))
        return true
    }

    /// When the container may take its next step; `nil` for now.
    private func waitingUntil(_ record: ContainerRecord, _ now: Moment) -> Duration? {
        if let retryAt = record.retryAt { return retryAt > now.monotonic ? retryAt : nil }
        guard let ended = record.ended, let delay = record.restartBackOff.delay(at: now.monotonic) else { return nil }
        let until = ended.monotonic + delay
        return until > now.monotonic ? until : nil
    }

    /// Shows that the next try is waited for, once what failed has been shown for a moment.
    private mutating func showBackOff(_ index: Int, _ now: Moment, _ actions: inout [PodAction]) {
        let record = containers[index]
        guard record.image == nil, waitingUntil(record, now) != nil else { return }
        if let noticeAt = record.noticeAt {
            guard noticeAt <= now.monotonic else { return wake(at: noticeAt) }
            containers[index].noticeAt = nil
        }
        if record.shownReason == "ErrImagePull" {
            let image = pod.spec.container(named: record.name)?.image ?? ""
            let text = "Back-off pulling image \"\(image)\""
            containers[index].showWaiting(reason: "ImagePullBackOff", message: "\(text): ErrImagePull: \(record.shownMessage ?? "")")
            actions.append(.record(PodEventRecord(.normal, "BackOff", text, fieldPath: record.fieldPath)))
            actions.append(.record(PodEventRecord(.warning, "Failed", "Error: ImagePullBackOff", fieldPath: record.fieldPath)))
        } else if let ended = record.ended, record.retryAt == nil, record.backOffToldFor != ended.id {
            containers[index].backOffToldFor = ended.id
            containers[index].startProblem = nil
            let delay = record.restartBackOff.delay(at: now.monotonic) ?? .zero
            let who = "\(pod.name)_\(pod.namespace)(\(pod.uid))"
            containers[index].showWaiting(
                reason: "CrashLoopBackOff", message: "back-off \(delay.goText) restarting failed container=\(record.name) pod=\(who)")
            actions.append(
                .record(
                    PodEventRecord(
                        .warning, "BackOff", "Back-off restarting failed container \(record.name) in pod \(who)", fieldPath: record.fieldPath)))
        }
    }
}

extension Duration {
    /// Whole seconds as Go prints a `time.Duration`: `10s`, `2m40s`.
    package var goText: String {
        let seconds = components.seconds
        return seconds < 60 ? "\(seconds)s" : "\(seconds / 60)m\(seconds % 60)s"
    }
}
