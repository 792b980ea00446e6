import KubeModel
import Timing

extension ContainerRecord {
    /// Takes the next step of a container that is to run.
    /// - Returns: whether the containers after it have to wait for that step.
    mutating func decide(in place: ContainerPlace, at now: Duration, into decision: inout Decision) -> Bool {
        if running == nil { follow(imageIn: place) }
        if let time = replacementNotice, time > now { decision.wake(at: time) }
        switch step {
        case .running(let running), .stopping(let running, _): return running.postStart != nil
        case .ensuringImage, .starting: return true
        case .imageReady(let shown, let image):
            if !place.holdsStarts { start(image, shown, in: place, into: &decision) }
            return true
        case .idle(let shown):
            guard !shown.startsAtOnce, let until = restartTime(after: shown.end, at: now) else { break }
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
        case .pausing(let shown, .pull(let image, let until, let noticeAt, let error)) where until > now:
            if noticeAt > now { decision.wake(at: noticeAt) } else { showPullBackOff(shown, image, until, error, into: &decision) }
            decision.wake(at: until)
            return false
        case .pausing(_, .retry(let until)) where until > now:
            decision.wake(at: until)
            return false
        case .pausing(_, .pull), .pausing(_, .retry): break
        }
        ensureImage(in: place, at: now, into: &decision)
        return true
    }

    /// Another image is another try: the back-offs of the earlier one do not count.
    private mutating func follow(imageIn place: ContainerPlace) {
        guard let image, image != place.spec(of: name)?.image else { return }
        self.image = nil
        pullBackOff.reset()
        restartBackOff.reset()
        if case .pausing(let shown, _) = step { step = .idle(shown) }
    }

    /// The end of the restart back-off; `nil` when it is over.
    func restartTime(after end: EndedContainer?, at now: Duration) -> Duration? {
        guard let end, let delay = restartBackOff.delay(at: now) else { return nil }
        let until = end.endedAt + delay
        return until > now ? until : nil
    }

    private mutating func ensureImage(in place: ContainerPlace, at now: Duration, into decision: inout Decision) {
        guard let shown else { return }
        if shown.end != nil, !shown.startsAtOnce { restartBackOff.step(at: now) }
        image = place.spec(of: name)?.image
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
        _ shown: ContainerStep.Shown, _ image: String, _ until: Duration, _ error: String, into decision: inout Decision
    ) {
        let text = "Back-off pulling image \"\(image)\""
        let message = "\(text): \(error)"
        step = .pausing(shown.waiting(.imagePullBackOff, message), .retry(until: until))
        decision.record(.normal, "BackOff", text, fieldPath: fieldPath)
        decision.record(.warning, "Failed", "Error: \(WaitingReason.imagePullBackOff.rawValue)", fieldPath: fieldPath)
    }

    private mutating func showCrashLoop(
        _ shown: ContainerStep.Shown, in place: ContainerPlace, at now: Duration, into decision: inout Decision
    ) {
        let delay = restartBackOff.delay(at: now) ?? .zero
        let message = "back-off \(GoText.duration(delay)) restarting failed container=\(name) pod=\(place.pod.messageName)"
        step = .pausing(shown.waiting(.crashLoopBackOff, message), .restart)
        decision.record(.warning, "BackOff", "Back-off restarting failed container \(name) in pod \(place.pod.messageName)", fieldPath: fieldPath)
    }
}
