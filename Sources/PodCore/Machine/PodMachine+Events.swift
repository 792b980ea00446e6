import KubeModel
package import Timing

extension PodMachine {
    package mutating func receive(_ event: PodEvent, at now: Moment) {
        switch event {
        case .updated(let newer): update(newer)
        case .removed: isRemoved = true
        case .volumeMounted(let name, let path): volumes[name] = .mounted(path: path)
        case .volumeFailed(let name, let failure): volumeFailed(name, failure, now)
        case .sandboxCreated(let started, let addresses): sandboxCreated(started, addresses)
        case .sandboxFailed(let message): sandboxFailed(message, now)
        case .sandboxEnded(let id): sandboxEnded(id, now)
        case .sandboxStopped: sandboxStopped()
        case .sandboxStopFailed(let message), .cleanUpFailed(let message): stepFailed(message, now)
        case .sandboxRemoved(let id): knownSandboxes.removeAll { $0 == id }
        case .imageReady(let name, let image): withContainer(name) { $0.imageReady(image) }
        case .imageFailed(let name, let problem): imageFailed(name, problem, now)
        case .containerStarted(let name, let started, let imageID, let user): containerStarted(name, started, imageID, user)
        case .containerFailed(let name, let problem): containerFailed(name, problem, now)
        case .containerExited(let id, let exit, let message): containerExited(id, exit, message, now)
        case .signalFailed(let id, let signal, let message): signalFailed(id, signal, message, now)
        case .cleanedUp: cleanedUp()
        }
    }

    /// An end that was told before its start, now that the start is known. It is given back only here, so that the container
    /// is seen running first: to be received after a decision.
    package mutating func takeEarlyExit() -> PodEvent? {
        for record in containers {
            guard let id = record.running?.id, let (exit, message) = earlyExits.removeValue(forKey: id) else { continue }
            return .containerExited(id: id, exit, message: message)
        }
        return nil
    }

    private mutating func withContainer(_ name: String, _ change: (inout ContainerRecord) -> Void) {
        guard let index = index(ofContainer: name) else { return }
        change(&containers[index])
    }

    private mutating func update(_ newer: Pod) {
        // The node's own status is the truth for the machine; what comes back from the API is an echo.
        pod = newer
    }

    private mutating func volumeFailed(_ name: String, _ failure: VolumeFailure, _ now: Moment) {
        let delay = volumeDelays[name].map { min($0 * 2, .seconds(122)) } ?? .milliseconds(500)
        volumeDelays[name] = delay
        volumes[name] = .failed(retryAt: now.monotonic + delay)
        pending.append(.record(PodEventRecord(.warning, "FailedMount", "MountVolume.SetUp failed for volume \"\(name)\" : \(failure.message)")))
    }

    private mutating func sandboxCreated(_ started: StartedSandbox, _ addresses: [String]) {
        sandbox = .ready(id: started.id, addresses: addresses)
        knownSandboxes.append(started.id)
        sandboxBackOff.reset()
        // The one before is kept: a restarted agent finds in it how the containers last ended.
        for earlier in knownSandboxes.dropLast(2) { pending.append(.removeSandbox(id: earlier)) }
    }

    private mutating func sandboxFailed(_ message: String, _ now: Moment) {
        sandboxBackOff.step(at: now.monotonic)
        sandbox = .absent(retryAt: now.monotonic + (sandboxBackOff.delay(at: now.monotonic) ?? .seconds(1)))
        sandboxAttempt += 1
        pending.append(.record(PodEventRecord(.warning, "FailedCreatePodSandBox", "Failed to create pod sandbox: \(message)")))
    }

    private mutating func sandboxEnded(_ id: String, _ now: Moment) {
        guard case .ready(id, _) = sandbox else { return }
        for index in containers.indices {
            guard let running = containers[index].running else { continue }
            let exit = ContainerExit(startedAt: running.startedAt, finishedAt: now.wall, exitCode: 137, isKnown: false)
            containerExited(running.id, exit, "The container could not be located: its sandbox is gone", now)
        }
        sandbox = .lost(id: id, isStopping: false)
        if teardown == .none { startOver() }
    }

    /// The sandbox is gone and nothing of it runs any more: another one begins with the first init container. A pod that runs only once and has
    /// begun to is over instead, as with kubelet.
    mutating func startOver() {
        isInitialized = false
        let hasBegun = containers.contains(where: \.wasCreated)
        guard !hasBegun || containers.contains(where: mayRunInAnotherSandbox) else {
            isOver = true
            return
        }
        for index in containers.indices where containers[index].role == .initial {
            containers[index].forgetCompletion()
        }
        if hasBegun {
            pending.append(.record(PodEventRecord(.normal, "SandboxChanged", "Pod sandbox changed, it will be killed and re-created.")))
        }
    }

    private func mayRunInAnotherSandbox(_ record: ContainerRecord) -> Bool {
        record.role == .regular && (record.ended == nil ? restartPolicy(of: record) != .never : mayRestart(record))
    }

    private mutating func sandboxStopped() {
        if case .lost = sandbox, teardown == .none {
            sandbox = .absent(retryAt: nil)
            sandboxAttempt += 1
            return
        }
        sandbox = .stopped(addresses: addresses)
        if teardown == .stoppingSandbox { advance(to: .cleaningUp) }
    }

    private mutating func stepFailed(_ message: String, _ now: Moment) {
        teardownIsUnderWay = false
        teardownRetryAt = now.monotonic + .seconds(2)
        if case .lost(let id, _) = sandbox { sandbox = .lost(id: id, isStopping: false) }
        pending.append(.record(PodEventRecord(.warning, "FailedKillPod", "error killing pod: \(message)")))
    }

    private mutating func cleanedUp() {
        switch teardown {
        case .cleaningUp: advance(to: .cleanedUp)
        case .removingSandboxes:
            knownSandboxes = []
            advance(to: .removable)
        case .removingRemains: advance(to: .gone)
        default: break
        }
    }

    mutating func advance(to step: Teardown) {
        teardown = step
        teardownIsUnderWay = false
        teardownRetryAt = nil
    }

    private mutating func imageFailed(_ name: String, _ problem: ImageProblem, _ now: Moment) {
        guard let index = index(ofContainer: name) else { return }
        containers[index].activity = .none
        containers[index].showWaiting(reason: problem.reason, message: problem.message)
        pending.append(.record(PodEventRecord(.warning, "Failed", "Error: \(problem.reason)", fieldPath: containers[index].fieldPath)))
        if problem.reason == "ErrImagePull" {
            containers[index].pullBackOff.step(at: now.monotonic)
            let delay = containers[index].pullBackOff.delay(at: now.monotonic) ?? .seconds(10)
            containers[index].retryAt = now.monotonic + delay
            containers[index].noticeAt = now.monotonic + Self.backOffNotice
        } else {
            containers[index].retryAt = now.monotonic + Self.errorRetry
        }
    }

    private mutating func containerStarted(_ name: String, _ started: StartedContainer, _ imageID: String, _ user: ContainerUser?) {
        guard let index = index(ofContainer: name) else { return }
        if let ended = containers[index].ended { containers[index].last = ended }
        containers[index].restartCount = containers[index].startingCount ?? containers[index].nextCount
        containers[index].state = .running(.init(id: started.id, startedAt: started.startedAt, imageID: imageID))
        containers[index].user = user
        noteInitialized(by: containers[index])
        containers[index].settle()
        containers[index].pullBackOff.reset()
    }

    private mutating func containerFailed(_ name: String, _ problem: ContainerProblem, _ now: Moment) {
        guard let index = index(ofContainer: name) else { return }
        let startingCount = containers[index].startingCount
        containers[index].settle()
        let reason: String
        switch problem.kind {
        case .sandboxGone:
            // Not the container's fault: `sandboxEnded` is on its way and decides.
            containers[index].retryAt = now.monotonic + .seconds(1)
            return
        case .configuration: reason = "CreateContainerConfigError"
        case .create: reason = "CreateContainerError"
        case .start(let id, let imageID):
            reason = "RunContainerError"
            let terminated = ContainerState.Terminated(
                exitCode: 128, reason: "StartError", message: problem.message, startedAt: now.wall, finishedAt: now.wall, containerID: id)
            if let ended = containers[index].ended { containers[index].last = ended }
            containers[index].state = .ended(.init(id: id, imageID: imageID, terminated: terminated, monotonic: now.monotonic))
            containers[index].restartCount = startingCount ?? 0
            containers[index].startProblem = problem.message
            noteInitialized(by: containers[index])
            // The problem says more than that the next try is waited for: it is shown for most of the time.
            let delay = containers[index].restartBackOff.delay(at: now.monotonic) ?? .zero
            containers[index].noticeAt = now.monotonic + max(delay - Self.backOffNotice, Self.backOffNotice)
            pending.append(.record(PodEventRecord(.warning, "Failed", "Error: \(problem.message)", fieldPath: containers[index].fieldPath)))
            return
        }
        containers[index].showWaiting(reason: reason, message: problem.message)
        containers[index].retryAt = now.monotonic + Self.errorRetry
        pending.append(.record(PodEventRecord(.warning, "Failed", "Error: \(problem.message)", fieldPath: containers[index].fieldPath)))
    }

    private mutating func containerExited(_ id: String, _ exit: ContainerExit, _ message: String?, _ now: Moment) {
        guard let index = containers.firstIndex(where: { $0.running?.id == id }), let running = containers[index].running else {
            if containers.contains(where: { $0.activity == .starting }) { earlyExits[id] = (exit, message) }
            return
        }
        var terminated = exit.terminated(id: id, message: message)
        if terminated.startedAt == nil { terminated.startedAt = running.startedAt }
        containers[index].state = .ended(.init(id: id, imageID: running.imageID, terminated: terminated, monotonic: now.monotonic))
        containers[index].stopping = nil
    }

    /// The first regular container in a sandbox: from here on nobody waits for init containers and sidecars.
    private mutating func noteInitialized(by record: ContainerRecord) {
        if record.role == .regular, case .ready = sandbox { isInitialized = true }
    }
}
