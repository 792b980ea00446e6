import KubeModel
import Timing

/// A resize for which the node has set the resources aside, until they are in force: the condition `PodResizeInProgress`.
struct ResizeProgress: Sendable, Hashable {
    enum Step: Sendable, Hashable {
        /// The cgroups are to be changed, once nothing stands in the way. Leads to `underWay`.
        case due
        /// The result is missing. Leads to `due`, which ends the progress where nothing is left to change, or to `failed`.
        case underWay
        /// Leads to `underWay` when `retryAt` has come, and to `due` when the pod is given something else.
        case failed(retryAt: Duration)
    }

    /// As kubelet repeats a failed sync of a pod.
    private static let retryPause = Duration.seconds(10)
    /// The pause after the end of something that was to be changed: its event is on its way.
    private static let shortPause = Duration.seconds(1)

    let generation: Int64
    private(set) var step = Step.due
    /// Why the last try failed: reason `Error`.
    private(set) var failure: String?
    /// `lastTransitionTime`: since when the reason stands.
    private(set) var since: Timestamp

    init(generation: Int64, since: Timestamp, failure: String? = nil) {
        self.generation = generation
        self.since = since
        self.failure = failure
    }

    /// The pod is given other resources before it has got these.
    func superseded(generation: Int64, at now: Moment) -> ResizeProgress {
        var next = ResizeProgress(generation: generation, since: now.wall.wholeSeconds)
        if step == .underWay { next.step = .underWay }
        return next
    }

    mutating func begin() {
        step = .underWay
    }

    /// Takes the result of the last try. A failure that differs from the one before by its figures alone is the same one: the use of memory changes
    /// with every look.
    /// - Returns: the failure, if it is a new one.
    mutating func receive(_ result: ResizeOutcome.Result, at now: Moment) -> String? {
        guard step == .underWay else { return nil }
        switch result {
        case .done: step = .due
        case .interrupted: step = .failed(retryAt: now.monotonic + Self.shortPause)
        case .failed(let message):
            step = .failed(retryAt: now.monotonic + Self.retryPause)
            if let failure, failure.withoutDigits == message.withoutDigits { return nil }
            if failure == nil { since = now.wall.wholeSeconds }
            failure = message
            return message
        }
        return nil
    }
}

extension String {
    fileprivate var withoutDigits: String { filter { !$0.isASCII || !$0.isNumber } }
}
