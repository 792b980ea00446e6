package import KubeModel
import Timing

/// One container of a pod: where it is in its life, how it ended before, and the back-offs of its next tries.
package struct ContainerRecord: Sendable {
    package typealias Role = ContainerConfiguration.Role

    package let name: String
    package let role: Role
    package internal(set) var step = ContainerStep.idle(.init())
    /// The end before the current container: `lastState`.
    package internal(set) var last: EndedContainer?
    /// The reference of the latest image that was looked for.
    var image: String?
    /// The user of the latest container.
    package internal(set) var user: ContainerUser?
    /// How many containers of this name came before the current one.
    package internal(set) var restartCount = 0
    var restartBackOff: BackOff
    var pullBackOff = BackOff()
    /// The highest number of a log that an earlier agent left, where only the log is left.
    var lastLog: Int?

    package init(name: String, role: Role, maxRestartPause: Duration = .seconds(300)) {
        self.name = name
        self.role = role
        restartBackOff = BackOff(initial: min(.seconds(10), maxRestartPause), maximum: maxRestartPause)
    }

    package var running: RunningContainer? {
        switch step {
        case .running(let running), .stopping(let running, _): running
        case .idle, .pausing, .ensuringImage, .imageReady, .starting: nil
        }
    }

    /// The container that statuses show as running: only once its `postStart` hook has succeeded.
    package var shownRunning: RunningContainer? { shown == nil ? running : nil }

    /// Whether the container counts as started: the containers after a sidecar wait for it. It is `started` in the status.
    package var isStarted: Bool { shownRunning?.probes.isStarted ?? false }

    /// Whether its readiness probe, if it has one, lets Services lead to it.
    var isReady: Bool { shownRunning?.probes.isReady ?? false }

    /// When a container that is to run again is no longer shown as it was before its end; `nil` for others.
    var replacementNotice: Duration? {
        guard let shown, shown.replaced != nil, shown.waiting == nil, let end = shown.end else { return nil }
        return end.endedAt + ShownContainer.patience
    }

    /// How the container ended, while it is not shown as running.
    package var ended: EndedContainer? { shown?.end }

    /// The status of a container that is not shown as running.
    package var shown: ContainerStep.Shown? {
        switch step {
        case .idle(let shown), .pausing(let shown, _), .ensuringImage(let shown), .imageReady(let shown, _), .starting(let shown, _): shown
        case .running(let running), .stopping(let running, _): running.postStart?.shown
        }
    }

    var isStarting: Bool { if case .starting = step { true } else { false } }

    /// An action for its next start has begun, and its result is missing.
    var isUnderWay: Bool {
        switch step {
        case .ensuringImage, .starting: true
        case .idle, .pausing, .imageReady, .running, .stopping: false
        }
    }

    /// Whether a container of this name was ever made.
    package var wasCreated: Bool { running != nil || ended != nil || last != nil }

    /// The restart count of the next container. A log is never written twice, and so a number is never used twice.
    package var nextCount: Int { max(wasCreated ? restartCount + 1 : 0, lastLog.map { $0 + 1 } ?? 0) }

    /// `spec.containers{name}`, as events name it.
    package var fieldPath: String {
        switch role {
        case .initial: "spec.initContainers{\(name)}"
        case .regular: "spec.containers{\(name)}"
        case .ephemeral: "spec.ephemeralContainers{\(name)}"
        }
    }

    /// Begins anew in another sandbox, as an init container does.
    mutating func forgetCompletion() {
        guard let ended else { return }
        last = ended
        beginAnew(showing: .init())
    }

    /// The back-offs that belong to its end are over.
    private mutating func beginAnew(showing shown: ContainerStep.Shown) {
        switch step {
        case .pausing(_, .start), .pausing(_, .restart): step = .idle(shown)
        default: changeShown { $0 = shown }
        }
    }

    /// Changes the status of a container that does not run.
    private mutating func changeShown(_ change: (inout ContainerStep.Shown) -> Void) {
        guard var shown else { return }
        change(&shown)
        switch step {
        case .idle: step = .idle(shown)
        case .pausing(_, let pause): step = .pausing(shown, pause)
        case .ensuringImage: step = .ensuringImage(shown)
        case .imageReady(_, let image): step = .imageReady(shown, image)
        case .starting(_, let count): step = .starting(shown, restartCount: count)
        case .running, .stopping: break
        }
    }

    /// Begins anew in the same sandbox, with all containers of the pod.
    ///
    /// The container whose end is the cause keeps that end, and so its restart back-off, which holds a pod that restarts itself again and again.
    /// - Parameter isCause: its end has made all containers run again.
    mutating func beginWithAll(isCause: Bool, in place: ContainerPlace, into decision: inout Decision) {
        guard let ended else { return }
        // One that has been the cause before still waits for its back-off. An init container that has succeeded does not run again, unless its end
        // is forgotten.
        if isCause || shown?.hasRestartedAll == true, role == .regular || ended.exitCode != 0 { return markRestartOfAll() }
        if let superseded = last, !superseded.id.isEmpty {
            decision.perform(.removeContainer(id: superseded.id, sandboxID: place.sandboxID))
        }
        last = ended
        beginAnew(showing: .init(waiting: .init(.restartingAllContainers, WaitingReason.restartingAllMessage)))
    }

    /// Notes that its end has made all containers of the pod run again.
    mutating func markRestartOfAll() {
        changeShown { $0.hasRestartedAll = true }
    }
}
