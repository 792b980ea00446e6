import KubeModel
import Timing

extension ContainerRecord {
    enum Event: Sendable {
        case imageReady(ImageDescription)
        case imageFailed(ImageProblem)
        case started(StartedContainer, imageID: String, user: ContainerUser?, spec: Container?)
        case failed(ContainerProblem)
        /// `message` is the termination message.
        case exited(ContainerExit, message: String?)
        case signalFailed(StopSignal, message: String)
        case hookEnded(HookKind, HookResult)
        case probed(ProbeKind, ProbeResult)
    }

    /// How long a failed step waits before it is tried again, where no event reports that its cause went away.
    private static let errorRetry = Duration.seconds(10)
    /// How long a failure is shown as such before its back-off is shown.
    private static let backOffNotice = Duration.seconds(1)

    /// Takes the result of an action, or an exit. Events that do not fit the step are late ones, and are dropped.
    mutating func receive(_ event: Event, at now: Moment, into decision: inout Decision) {
        switch (event, step) {
        case (.imageReady(let image), .ensuringImage(let shown)): step = .imageReady(shown, image)
        case (.imageFailed(let problem), .ensuringImage(let shown)): imageFailed(problem, shown, now.monotonic, &decision)
        case (.started(let started, let imageID, let user, let spec), .starting(let shown, let count)):
            let probes = ContainerProbes(spec, started: now.monotonic)
            var running = RunningContainer(
                id: started.id, image: image ?? spec?.image ?? "", imageID: imageID, startedAt: started.startedAt, probes: probes)
            self.user = user
            pullBackOff.reset()
            if spec?.lifecycle?.postStart == nil {
                show(shown, count)
            } else {
                running.postStart = PostStart(shown: shown, restartCount: count)
            }
            step = .running(running)
        case (.failed(let problem), .starting(let shown, let count)): failed(problem, shown, count, now, &decision)
        case (.exited(let exit, let message), .running(let running)): ended(running, exit, message, nil, now)
        case (.exited(let exit, let message), .stopping(let running, let stop)): ended(running, exit, message, stop.reason, now)
        case (.hookEnded(let kind, let result), .running), (.hookEnded(let kind, let result), .stopping): hookEnded(kind, result, &decision)
        case (.probed(let kind, let result), .running), (.probed(let kind, let result), .stopping): probed(kind, result, now.monotonic, &decision)
        case (.signalFailed(let signal, let message), .stopping(let running, var stop)):
            let isNew = stop.couldNotSend(signal, at: now.monotonic)
            step = .stopping(running, stop)
            // A container that cannot be signalled holds the whole pod.
            guard isNew else { return }
            decision.record(
                .warning, "FailedKillPod",
                "error killing pod: failed to \"KillContainer\" for \"\(name)\" with KillContainerError: \"\(message)\"")
        case (.imageReady, _), (.imageFailed, _), (.started, _), (.failed, _), (.exited, _), (.signalFailed, _), (.hookEnded, _), (.probed, _): break
        }
    }

    /// From here on, statuses show the new container in place of what they showed before.
    mutating func show(_ earlier: ContainerStep.Shown, _ count: Int) {
        if let end = earlier.end { last = end }
        restartCount = count
    }

    private mutating func ended(
        _ running: RunningContainer, _ exit: ContainerExit, _ message: String?, _ reason: ContainerStop.Reason?, _ now: Moment
    ) {
        if let postStart = running.postStart { show(postStart.shown, postStart.restartCount) }
        let end = running.ended(exit, message: message, at: now.monotonic)
        switch reason {
        case .postStartFailed(let message):
            step = .pausing(.init(end: end, waiting: .init(.postStartHookError, message)), .start(noticeAt: noticeTime(at: now.monotonic)))
        case .restart: step = .idle(.init(end: end, replaced: running.asShown, startsAtOnce: startsAtOnceAfterKill(now.monotonic)))
        case .restartAll: step = .idle(.init(end: end.asRestartedWithAll))
        case .podEnds, .unhealthy, nil: step = .idle(.init(end: end))
        }
    }

    /// Whether a container that the agent has ended, to run it again, starts without a pause.
    ///
    /// As with kubelet, the back-off of the earlier ends decides, counted from the end before this one: a container that has run for longer than the
    /// back-off starts at once. The first of such starts does not count.
    private mutating func startsAtOnceAfterKill(_ now: Duration) -> Bool {
        guard let last else { return true }
        if restartTime(after: last, at: now) != nil { return false }
        restartBackOff.step(at: now)
        return true
    }

    /// A failure of the start says more than the back-off that follows: it is shown for most of the time.
    private func noticeTime(at now: Duration) -> Duration {
        let delay = restartBackOff.delay(at: now) ?? .zero
        return now + max(delay - Self.backOffNotice, Self.backOffNotice)
    }

    private mutating func imageFailed(_ problem: ImageProblem, _ shown: ContainerStep.Shown, _ now: Duration, _ decision: inout Decision) {
        let pause: ContainerStep.Pause
        if problem.reason == .errImagePull || problem.reason == .registryUnavailable {
            pullBackOff.step(at: now)
            let delay = pullBackOff.delay(at: now) ?? .seconds(10)
            pause = .pull(
                image: problem.image ?? image ?? "", until: now + delay, noticeAt: now + Self.backOffNotice,
                error: "\(problem.reason.rawValue): \(problem.message)")
        } else {
            pause = .retry(until: now + Self.errorRetry)
        }
        step = .pausing(shown.waiting(problem.reason, problem.message), pause)
        decision.record(.warning, "Failed", "Error: \(problem.reason.rawValue)", fieldPath: fieldPath)
    }

    private mutating func failed(
        _ problem: ContainerProblem, _ shown: ContainerStep.Shown, _ count: Int, _ now: Moment, _ decision: inout Decision
    ) {
        let retry = ContainerStep.Pause.retry(until: now.monotonic + Self.errorRetry)
        switch problem.kind {
        case .sandboxGone:
            // The failure is the sandbox's, whose end is on its way and decides. An end is shown again; a reason without an end stays.
            var shown = shown
            if shown.end != nil { shown.waiting = nil }
            step = .pausing(shown, .retry(until: now.monotonic + .seconds(1)))
            return
        case .configuration: step = .pausing(shown.waiting(.createContainerConfigError, problem.message), retry)
        case .create: step = .pausing(shown.waiting(.createContainerError, problem.message), retry)
        case .start(let id, _, let imageID):
            show(shown, count)
            let end = EndedContainer(
                id: id, imageID: imageID, outcome: .notStarted(message: problem.message, at: now.wall), endedAt: now.monotonic)
            step = .pausing(
                .init(end: end, waiting: .init(.runContainerError, problem.message)), .start(noticeAt: noticeTime(at: now.monotonic)))
        }
        decision.record(.warning, "Failed", "Error: \(problem.message)", fieldPath: fieldPath)
    }
}
