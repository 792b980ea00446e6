package import KubeModel
package import Timing

/// What is known of one container of a pod: what it does now, how it last ended, and what is being done about it.
package struct ContainerRecord: Sendable {
    package typealias Role = ContainerConfiguration.Role

    package struct Running: Sendable, Hashable {
        package let id: String
        package let startedAt: Timestamp
        package let imageID: String
    }

    /// A container that has ended.
    package struct Ended: Sendable, Hashable {
        package let id: String
        package let imageID: String
        package let terminated: ContainerState.Terminated
        /// When, for waiting.
        package let monotonic: Duration
    }

    package enum State: Sendable, Hashable {
        /// Never started, or the last start failed.
        case waiting(reason: String?, message: String?)
        case running(Running)
        case ended(Ended)
    }

    /// What is under way for it.
    package enum Activity: Sendable, Hashable {
        case none, ensuringImage, starting
    }

    package let name: String
    package let role: Role
    package var state: State = .waiting(reason: nil, message: nil)
    /// The end before the current state: `lastState`.
    package var last: Ended?
    /// Who the latest container was started as.
    package var user: ContainerUser?
    /// How many containers of this name came before the current one.
    package var restartCount = 0
    package var activity = Activity.none
    package var image: ImageDescription?
    /// The restart count of the container that is being started.
    package var startingCount: Int?
    /// A waiting reason that stands for an end: `CrashLoopBackOff`. The end is then `lastState`.
    package var shownReason: String?
    package var shownMessage: String?
    /// Why the ended container never ran its program, while that is to be shown as `RunContainerError`.
    package var startProblem: String?
    /// When a failure that was shown is shown as waiting for the next try.
    package var noticeAt: Duration?
    /// Not before this moment is the failed step tried again.
    package var retryAt: Duration?
    package var restartBackOff = BackOff()
    package var pullBackOff = BackOff()
    /// The end whose waiting was already told by an event.
    package var backOffToldFor: String?
    /// While it runs and is to end.
    package var stopping: ContainerStop?
    /// The highest number of a log that an earlier agent left and of which nothing else is known.
    package var lastLog: Int?

    package init(name: String, role: Role) {
        self.name = name
        self.role = role
    }

    package var running: Running? {
        if case .running(let running) = state { return running }
        return nil
    }

    package var ended: Ended? {
        if case .ended(let ended) = state { return ended }
        return nil
    }

    mutating func imageReady(_ description: ImageDescription) {
        activity = .none
        image = description
        retryAt = nil
    }

    mutating func showWaiting(reason: String, message: String?) {
        shownReason = reason
        shownMessage = message
        if ended == nil { state = .waiting(reason: reason, message: message) }
    }

    /// A start came to its end, well or not: the next one begins from the image again.
    mutating func settle() {
        activity = .none
        image = nil
        startingCount = nil
        shownReason = nil
        shownMessage = nil
        startProblem = nil
        retryAt = nil
        noticeAt = nil
    }

    /// An init container runs again in a new sandbox.
    mutating func forgetCompletion() {
        guard let ended else { return }
        last = ended
        state = .waiting(reason: nil, message: nil)
    }

    /// Whether a container of this name was ever made.
    package var wasCreated: Bool { running != nil || ended != nil || last != nil }

    /// The restart count of the next one. No log is written twice, so that a number which was once given is not given again.
    package var nextCount: Int { max(wasCreated ? restartCount + 1 : 0, lastLog.map { $0 + 1 } ?? 0) }

    /// `spec.containers{name}`, as events name it.
    package var fieldPath: String {
        switch role {
        case .initial: "spec.initContainers{\(name)}"
        case .regular: "spec.containers{\(name)}"
        case .ephemeral: "spec.ephemeralContainers{\(name)}"
        }
    }
}
