import KubeModel
package import Timing

extension PodMachine {
    package mutating func receive(_ event: PodEvent, at now: Moment) {
        switch event {
        // The machine's own status is the true one; the status that comes back from the API is an echo of it.
        case .updated(let newer): update(newer, now)
        case .removed: isRemoved = true
        case .evicted(let eviction): evict(eviction)

        case .volumeMounted(let name, let path, let renewAt):
            receive(.mounted(path: path), ofVolume: name, now)
            if let renewAt { refresh.want(at: now.monotonic(of: renewAt)) }
        case .volumeFailed(let name, let failure): receive(.failed(failure), ofVolume: name, now)
        case .objectsChanged: refresh.want(at: now.monotonic)
        case .volumesRefreshed(let next): refresh.receive(next: next.map { now.monotonic(of: $0) }, at: now.monotonic)

        case .sandboxCreated(let started, let addresses): receive(.created(id: started.id, addresses: addresses), now)
        case .sandboxFailed(let message, let remains): receive(.creationFailed(message: message, remains: remains), now)
        case .devicesMissing(let message): receive(.devicesMissing(message: message), now)
        case .networkMissing: receive(.networkMissing, now)
        case .networkReady: receive(.networkReady, now)
        case .sandboxEnded(let id): sandboxEnded(id, now)
        case .sandboxStopped: receive(.stopped, now)
        case .sandboxStopFailed(let message): receive(.stopFailed(message: message), now)
        case .sandboxRemoved(let id): receive(.removed(id: id), now)

        case .imageReady(let name, let image): receive(.imageReady(image), of: name, now)
        case .imageFailed(let name, let problem): receive(.imageFailed(problem), of: name, now)
        case .containerStarted(let name, let started, let sandboxID, let imageID, let user):
            receive(.started(started, imageID: imageID, user: user, spec: pod.spec.container(named: name)), of: name, in: sandboxID, now)
            if sandboxID != sandbox.readyID { startedTooLate(name, started.id, now) }
        case .containerFailed(let name, let problem): receive(.failed(problem), of: name, in: problem.sandboxID, now)
        case .containerExited(let id, let exit, let message): sequence.exited(id, exit, message: message, at: now, into: &pending)
        case .signalFailed(let id, let signal, let message): receive(.signalFailed(signal, message: message), ofRunning: id, now)
        case .hookEnded(let id, let kind, let result): receive(.hookEnded(kind, result), ofRunning: id, now)
        case .probed(let id, let kind, let result): receive(.probed(kind, result), ofRunning: id, now)

        case .resizeReviewed(let request, let verdict): resizeReviewed(request, verdict, now)
        case .roomFreed: resize.roomFreed()
        case .resizeApplied(let outcome): resize.receive(outcome, sandboxID: sandbox.readyID, pod: pod, at: now, into: &pending)

        case .cleanedUp: stepDone(now)
        case .cleanUpFailed(let message): end.receive(.failed(message: message), at: now.monotonic, into: &pending)
        }
    }

    /// An exit reported before its start, now that the start is known. It is returned only here, so that the container is shown running first: to be
    /// received after a decision.
    package mutating func takeEarlyExit() -> PodEvent? {
        sequence.takeEarlyExit()
    }

    private mutating func update(_ newer: Pod, _ now: Moment) {
        let before = pod.metadata
        pod = newer
        let isRelabelled = before.labels != newer.metadata.labels || before.annotations != newer.metadata.annotations
        if isRelabelled, pod.spec.volumesShowMetadata { refresh.want(at: now.monotonic) }
        sequence.addEphemeral(pod.spec)
        resize.update(pod.spec)
        // A controller or an administrator has made the pod terminal: nothing may run on, and the phase stays as it is.
        if !isEnding, end.verdict == nil, let status = pod.status, let phase = status.phase, phase.isTerminal {
            end.decree(PodVerdict(reason: status.reason, message: status.message, phase: phase, isInAPI: true))
        }
    }

    private mutating func evict(_ eviction: PodEviction) {
        guard end.step <= .stoppingContainers, end.verdict == nil else { return }
        end.decree(PodVerdict(eviction))
        if eviction.isAnnounced { pending.record(.warning, eviction.reason, eviction.message) }
    }

    private mutating func resizeReviewed(_ request: ResizeRequest, _ verdict: ResizeVerdict, _ now: Moment) {
        guard !isEnding, resize.receive(verdict, to: request, pod: pod, at: now, into: &pending) else { return }
        // Files may show the pod's requests and limits.
        if pod.spec.volumesShowMetadata { refresh.want(at: now.monotonic) }
    }

    private mutating func receive(_ event: VolumeMounts.Event, ofVolume name: String, _ now: Moment) {
        volumes.receive(event, of: name, at: now.monotonic, into: &pending)
    }

    private mutating func receive(_ event: PodSandbox.Event, _ now: Moment) {
        sandbox.receive(event, isEnding: isEnding, at: now.monotonic, into: &pending)
    }

    private mutating func receive(_ event: ContainerRecord.Event, of name: String, in sandboxID: String? = nil, _ now: Moment) {
        let madeInPresentSandbox = sandboxID != nil && sandboxID == sandbox.readyID
        sequence.receive(event, of: name, madeInPresentSandbox: madeInPresentSandbox, at: now, into: &pending)
    }

    private mutating func receive(_ event: ContainerRecord.Event, ofRunning id: String, _ now: Moment) {
        sequence.receive(event, ofRunning: id, at: now, into: &pending)
    }

    private mutating func sandboxEnded(_ id: String, _ now: Moment) {
        guard sandbox.readyID == id else { return }
        sequence.endWithSandbox(at: now, into: &pending)
        receive(.ended(id: id), now)
        if !isEnding { startOver() }
    }

    /// The answer to a start came after the sandbox's end, which has ended the container too.
    private mutating func startedTooLate(_ name: String, _ id: String, _ now: Moment) {
        sequence.endWithSandbox(id, at: now, into: &pending)
        if !isEnding, !end.hasLostItsOnlySandbox { sequence.forgetEnd(of: name) }
    }

    /// The sandbox is gone and nothing runs in it any more: another one begins with the first init container. A pod that runs only once and has
    /// begun to is over instead, as with kubelet.
    mutating func startOver() {
        guard sequence.startOver(rules) else { return end.loseOnlySandbox() }
        if sequence.hasBegun { pending.record(.normal, "SandboxChanged", "Pod sandbox changed, it will be killed and re-created.") }
    }

    private mutating func stepDone(_ now: Moment) {
        if end.step == .removingSandboxes { sandbox.forgetRecords() }
        end.receive(.done, at: now.monotonic, into: &pending)
    }
}

extension Moment {
    /// The monotonic time that corresponds to a wall time, at least a second from now.
    fileprivate func monotonic(of time: Timestamp) -> Duration {
        monotonic + .seconds(max(time.seconds - wall.seconds, 1))
    }
}
