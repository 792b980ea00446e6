import KubeModel
import Timing

extension ContainerRecord {
    enum Event: Sendable {
        case imageReady(ImageDescription)
        case imageFailed(ImageProblem)
        case started(StartedContainer, imageID: String, user: ContainerUser?)
        case failed(ContainerProblem)
        /// `message` is the termination message.
        case exited(ContainerExit, message: String?)
        case signalFailed(StopSignal, message: String)

        /// Of a start: whether a container was made, even if its program could not be executed.
        var makesContainer: Bool {
            switch self {
            case .started: true
            case .failed(let problem): if case .start = problem.kind { true } else { false }
            case .imageReady, .imageFailed, .exited, .signalFailed: false
            }
        }
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
        case (.started(let started, let imageID, let user), .starting(let shown, let count)):
            if let end = shown.end { last = end }
            step = .running(RunningContainer(id: started.id, imageID: imageID, startedAt: started.startedAt))
            restartCount = count
            self.user = user
            pullBackOff.reset()
        case (.failed(let problem), .starting(let shown, let count)): failed(problem, shown, count, now, &decision)
        case (.exited(let exit, let message), .running(let running)), (.exited(let exit, let message), .stopping(let running, _)):
            step = .idle(.init(end: running.ended(exit, message: message, at: now.monotonic)))
        case (.signalFailed(let signal, let message), .stopping(let running, var stop)):
            let isNew = stop.couldNotSend(signal, at: now.monotonic)
            step = .stopping(running, stop)
            // A container that cannot be signalled holds the whole pod.
            guard isNew else { return }
            decision.record(
                .warning, "FailedKillPod",
                "error killing pod: failed to \"KillContainer\" for \"\(name)\" with KillContainerError: \"\(message)\"")
        case (.imageReady, _), (.imageFailed, _), (.started, _), (.failed, _), (.exited, _), (.signalFailed, _): break
        }
    }

    private mutating func imageFailed(_ problem: ImageProblem, _ shown: ContainerStep.Shown, _ now: Duration, _ decision: inout Decision) {
        let pause: ContainerStep.Pause
        if problem.reason == .errImagePull {
            pullBackOff.step(at: now)
            let delay = pullBackOff.delay(at: now) ?? .seconds(10)
            pause = .pull(until: now + delay, noticeAt: now + Self.backOffNotice, error: problem.message)
        } else {
            pause = .retry(until: now + Self.errorRetry)
        }
        step = .pausing(.init(end: shown.end, waiting: .init(problem.reason, problem.message)), pause)
        decision.record(.warning, "Failed", "Error: \(problem.reason.rawValue)", fieldPath: fieldPath)
    }

    private mutating func failed(
        _ problem: ContainerProblem, _ shown: ContainerStep.Shown, _ count: Int, _ now: Moment, _ decision: inout Decision
    ) {
        let retry = ContainerStep.Pause.retry(until: now.monotonic + Self.errorRetry)
        switch problem.kind {
        case .sandboxGone:
            // The failure is the sandbox's, whose end is on its way and decides. An end is shown again; a reason without an end stays.
            let waiting = shown.end == nil ? shown.waiting : nil
            step = .pausing(.init(end: shown.end, waiting: waiting), .retry(until: now.monotonic + .seconds(1)))
            return
        case .configuration: step = .pausing(.init(end: shown.end, waiting: .init(.createContainerConfigError, problem.message)), retry)
        case .create: step = .pausing(.init(end: shown.end, waiting: .init(.createContainerError, problem.message)), retry)
        case .start(let id, let imageID):
            if let end = shown.end { last = end }
            restartCount = count
            let end = EndedContainer(
                id: id, imageID: imageID, outcome: .notStarted(message: problem.message, at: now.wall), endedAt: now.monotonic)
            // The problem says more than the back-off: it is shown for most of the time.
            let delay = restartBackOff.delay(at: now.monotonic) ?? .zero
            let noticeAt = now.monotonic + max(delay - Self.backOffNotice, Self.backOffNotice)
            step = .pausing(.init(end: end, waiting: .init(.runContainerError, problem.message)), .start(noticeAt: noticeAt))
        }
        decision.record(.warning, "Failed", "Error: \(problem.message)", fieldPath: fieldPath)
    }
}

extension RunningContainer {
    /// The end of this container. The start is the recorded one if the exit has none.
    fileprivate func ended(_ exit: ContainerExit, message: String?, at now: Duration) -> EndedContainer {
        let exit = ContainerExit(
            startedAt: exit.startedAt ?? startedAt, finishedAt: exit.finishedAt, exitCode: exit.exitCode, signal: exit.signal,
            outOfMemory: exit.outOfMemory, isKnown: exit.isKnown)
        return EndedContainer(id: id, imageID: imageID, outcome: .exited(exit, message: message), endedAt: now)
    }
}
