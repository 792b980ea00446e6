import KubeModel

/// The probes of one running container.
package struct ContainerProbes: Sendable, Hashable {
    /// The container is to be ended because of a probe.
    struct Failure: Sendable, Hashable {
        let kind: ProbeKind
        /// The probe's own grace period, in place of the pod's.
        let grace: Duration?
    }

    private var startup: ContainerProbe?
    private var liveness: ContainerProbe?
    private var readiness: ContainerProbe?
    private let graces: [ProbeKind: Duration]
    /// When the container started, on this agent's clock.
    private let started: Duration
    /// No run before this time.
    private let earliest: Duration

    /// The probes of a container that has just started.
    init(_ container: Container?, started: Duration) {
        self.init(container, started: started, known: nil, earliest: started)
    }

    /// The probes of a container that an earlier agent started.
    /// - Parameters:
    ///   - id: the container's. It spreads the first runs after the agent's start over a period.
    ///   - known: the container's status by the earlier agent.
    init(_ container: Container?, id: String, started: Duration, known: ContainerStatus?, at now: Duration) {
        let periods = [container?.startupProbe, container?.livenessProbe, container?.readinessProbe].compactMap { $0?.period }
        self.init(container, started: started, known: known, earliest: now + (periods.min() ?? .zero) * Self.part(of: id))
    }

    /// A number from 0 to 1 that follows from the id alone (FNV-1a), so that tests and restarts see the same.
    private static func part(of id: String) -> Double {
        Double(id.utf8.reduce(UInt32(2_166_136_261)) { ($0 ^ UInt32($1)) &* 16_777_619 } % 1000) / 1000
    }

    private init(_ container: Container?, started: Duration, known: ContainerStatus?, earliest: Duration) {
        self.started = started
        self.earliest = earliest
        startup = container?.startupProbe.map { ContainerProbe(.startup, $0, verdict: known?.started == true ? .success : .unknown) }
        liveness = container?.livenessProbe.map { ContainerProbe(.liveness, $0, verdict: .success) }
        readiness = container?.readinessProbe.map { ContainerProbe(.readiness, $0, verdict: known?.ready == true ? .success : .unknown) }
        let probes = [ProbeKind.startup: container?.startupProbe, .liveness: container?.livenessProbe]
        graces = probes.compactMapValues { $0?.terminationGracePeriodSeconds.map { .seconds($0) } }
    }

    /// `started` of the container's status.
    var isStarted: Bool { startup.map { $0.verdict == .success } ?? true }

    /// `ready` of the container's status.
    var isReady: Bool { isStarted && (readiness.map { $0.verdict == .success } ?? true) }

    /// Why the container is to be ended.
    var failure: Failure? {
        for probe in [startup, liveness].compactMap({ $0 }) where probe.verdict == .failure {
            return Failure(kind: probe.kind, grace: graces[probe.kind])
        }
        return nil
    }

    /// Returns the probes to run now, and notes them as begun; and the time of the next one.
    /// - Parameter isEnding: the container is being stopped, and only its readiness still matters.
    mutating func takeDue(at now: Duration, isEnding: Bool) -> (kinds: [ProbeKind], next: Duration?) {
        begin(at: now, isEnding: isEnding)
        var kinds: [ProbeKind] = []
        if startup?.takeDue(at: now) == true { kinds.append(.startup) }
        if liveness?.takeDue(at: now) == true { kinds.append(.liveness) }
        if readiness?.takeDue(at: now) == true { kinds.append(.readiness) }
        return (kinds, nextRun)
    }

    /// When the next of the probes runs that have begun.
    var nextRun: Duration? { [startup, liveness, readiness].compactMap { $0?.nextRun }.min() }

    /// Lets the probes that may run begin.
    private mutating func begin(at now: Duration, isEnding: Bool) {
        let earliest = max(earliest, now)
        if isEnding {
            startup?.end()
            liveness?.end()
        } else if !isStarted {
            if startup?.verdict == .unknown { startup?.begin(started: started, earliest: earliest) }
            return
        } else if liveness?.verdict != .failure {
            liveness?.begin(started: started, earliest: earliest)
        }
        if isStarted { readiness?.begin(started: started, earliest: earliest) }
    }

    /// - Parameter isSuccess: `nil` for a run that says nothing about the container.
    /// - Returns: whether the result counts.
    mutating func receive(_ kind: ProbeKind, isSuccess: Bool?, at now: Duration) -> Bool {
        switch kind {
        case .startup: startup?.receive(isSuccess: isSuccess, at: now) ?? false
        case .liveness: liveness?.receive(isSuccess: isSuccess, at: now) ?? false
        case .readiness: readiness?.receive(isSuccess: isSuccess, at: now) ?? false
        }
    }
}

extension Probe {
    /// From start to start of two runs.
    var period: Duration { .seconds(max(periodSeconds ?? 10, 1)) }
}
