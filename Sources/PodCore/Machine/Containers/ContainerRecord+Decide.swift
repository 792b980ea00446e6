import KubeModel
import Timing

extension ContainerRecord {
    /// Takes the next step of a container that is to run.
    /// - Returns: whether the containers after it have to wait for that step.
    mutating func decide(in place: ContainerPlace, at now: Duration, into decision: inout Decision) -> Bool {
        switch step {
        case .running, .stopping: return false
        case .ensuringImage, .starting: return true
        case .imageReady(let shown, let image):
            start(image, shown, in: place, into: &decision)
            return true
        case .idle(let shown):
            guard let until = restartTime(after: shown.end, at: now) else { break }
            showCrashLoop(shown, in: place, at: now, into: &decision)
            decision.wake(at: until)
            return false
        case .pausing(let shown, .start(let noticeAt)):
            guard let until = restartTime(after: shown.end, at: now) else { break }
            if noticeAt > now { decision.wake(at: noticeAt) } else { showCrashLoop(shown, in: place, at: now, into: &decision) }
            decision.wake(at: until)
            return false
        case .pausing(let shown, .restart):
            guard let until = restartTime(after: shown.end, at: now) else { break }
            decision.wake(at: until)
            return false
        case .pausing(let shown, .pull(let until, let noticeAt, let error)) where until > now:
            if noticeAt > now { decision.wake(at: noticeAt) } else { showPullBackOff(shown, until, error, in: place, into: &decision) }
            decision.wake(at: until)
            return false
        case .pausing(_, .retry(let until)) where until > now:
            decision.wake(at: until)
            return false
        case .pausing(_, .pull), .pausing(_, .retry): break
        }
        ensureImage(at: now, into: &decision)
        return true
    }

    /// The end of the restart back-off; `nil` when it is over.
    private func restartTime(after end: EndedContainer?, at now: Duration) -> Duration? {
        guard let end, let delay = restartBackOff.delay(at: now) else { return nil }
        let until = end.endedAt + delay
        return until > now ? until : nil
    }

    private mutating func ensureImage(at now: Duration, into decision: inout Decision) {
        guard let shown else { return }
        if shown.end != nil { restartBackOff.step(at: now) }
        step = .ensuringImage(shown)
        decision.perform(.ensureImage(container: name))
    }

    private mutating func start(
        _ image: ImageDescription, _ shown: ContainerStep.Shown, in place: ContainerPlace, into decision: inout Decision
    ) {
        let count = nextCount
        if shown.end != nil, let superseded = last, !superseded.id.isEmpty {
            decision.perform(.removeContainer(id: superseded.id, sandboxID: place.sandboxID))
        }
        step = .starting(shown, restartCount: count)
        decision.perform(
            .startContainer(container: name, restartCount: count, image: image, sandboxID: place.sandboxID, addresses: place.addresses))
    }

    private mutating func showPullBackOff(
        _ shown: ContainerStep.Shown, _ until: Duration, _ error: String, in place: ContainerPlace, into decision: inout Decision
    ) {
        let image = place.pod.spec.container(named: name)?.image ?? ""
        let text = "Back-off pulling image \"\(image)\""
        let waiting = ContainerStep.Waiting(.imagePullBackOff, "\(text): \(WaitingReason.errImagePull.rawValue): \(error)")
        step = .pausing(.init(end: shown.end, waiting: waiting), .retry(until: until))
        decision.record(.normal, "BackOff", text, fieldPath: fieldPath)
        decision.record(.warning, "Failed", "Error: \(WaitingReason.imagePullBackOff.rawValue)", fieldPath: fieldPath)
    }

    private mutating func showCrashLoop(
        _ shown: ContainerStep.Shown, in place: ContainerPlace, at now: Duration, into decision: inout Decision
    ) {
        let delay = restartBackOff.delay(at: now) ?? .zero
        let waiting = ContainerStep.Waiting(
            .crashLoopBackOff, "back-off \(delay.goText) restarting failed container=\(name) pod=\(place.podName)")
        step = .pausing(.init(end: shown.end, waiting: waiting), .restart)
        decision.record(.warning, "BackOff", "Back-off restarting failed container \(name) in pod \(place.podName)", fieldPath: fieldPath)
    }
}

extension Duration {
    /// Whole seconds as Go prints a `time.Duration`: `10s`, `2m40s`.
    package var goText: String {
        let seconds = components.seconds
        return seconds < 60 ? "\(seconds)s" : "\(seconds / 60)m\(seconds % 60)s"
    }
}
