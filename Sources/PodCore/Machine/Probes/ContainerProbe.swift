import KubeModel

/// One probe of one running container: when it runs next, and what its results add up to.
struct ContainerProbe: Sendable, Hashable {
    enum Activity: Sendable, Hashable {
        /// The first state of a probe that waits for the startup probe, and the last one of a probe that is over. Leads to `due` when it begins.
        case resting
        /// Leads to `underWay` when the time has come.
        case due(at: Duration)
        /// The result is missing. Leads to `due`, or to `resting` when the probe has failed or is over.
        case underWay(since: Duration)
    }

    enum Verdict: Sendable, Hashable {
        case unknown
        case success
        case failure
    }

    /// Results of one kind in a row.
    private struct Streak: Sendable, Hashable {
        var isSuccess: Bool
        var length: Int
    }

    let kind: ProbeKind
    private(set) var activity = Activity.resting
    private(set) var verdict: Verdict
    private let period: Duration
    private let initialDelay: Duration
    private let successThreshold: Int
    private let failureThreshold: Int
    private var streak: Streak?
    /// The next run is one that Kubernetes does not promise: only its success counts.
    private var isEarly = false

    /// - Parameter verdict: what counts before the first results: a container that an earlier agent has found ready stays ready.
    init(_ kind: ProbeKind, _ probe: Probe, verdict: Verdict = .unknown) {
        self.kind = kind
        self.verdict = verdict
        initialDelay = .seconds(max(probe.initialDelaySeconds ?? 0, 0))
        period = probe.period
        successThreshold = max(probe.successThreshold ?? 1, 1)
        failureThreshold = max(probe.failureThreshold ?? 3, 1)
    }

    /// Lets the probe run.
    /// - Parameters:
    ///   - started: when the container started.
    ///   - earliest: no run before this time.
    mutating func begin(started: Duration, earliest: Duration) {
        guard activity == .resting else { return }
        let time = max(started + initialDelay, earliest)
        guard initialDelay == .zero, earliest < started + period else {
            activity = .due(at: time)
            return
        }
        switch kind {
        case .readiness: activity = .due(at: time)
        // A program has the whole of `failureThreshold` periods to start up. A look before the first period is over makes it started sooner.
        case .startup:
            activity = .due(at: time)
            isEarly = true
        case .liveness: activity = .due(at: max(started + period, time))
        }
    }

    /// The probe is over: its late result changes nothing.
    mutating func end() {
        activity = .resting
    }

    /// Returns true when the probe is to run now, and notes it as begun.
    mutating func takeDue(at now: Duration) -> Bool {
        guard case .due(let time) = activity, time <= now else { return false }
        activity = .underWay(since: now)
        return true
    }

    var nextRun: Duration? { if case .due(let time) = activity { time } else { nil } }

    /// - Parameter isSuccess: `nil` for a run that says nothing about the container.
    /// - Returns: whether the result counts.
    mutating func receive(isSuccess: Bool?, at now: Duration) -> Bool {
        guard case .underWay(let began) = activity else { return false }
        // The period counts from start to start; a run that takes longer is followed by the next one at once.
        activity = .due(at: max(began + period, now))
        let isTooEarly = isEarly && isSuccess != true
        isEarly = false
        guard !isTooEarly else { return false }
        guard let isSuccess else { return true }
        if streak?.isSuccess == isSuccess { streak?.length += 1 } else { streak = Streak(isSuccess: isSuccess, length: 1) }
        guard let length = streak?.length, length >= (isSuccess ? successThreshold : failureThreshold) else { return true }
        verdict = isSuccess ? .success : .failure
        let isFinal = kind == .startup || kind == .liveness && !isSuccess
        if isFinal { activity = .resting }
        return true
    }
}
