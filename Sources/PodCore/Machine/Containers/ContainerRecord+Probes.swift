import KubeModel
import Timing

extension ContainerRecord {
    /// Begins the probes that are due.
    /// - Parameter podEnds: the pod ends, and only readiness still matters.
    mutating func probe(sandboxID: String, podEnds: Bool, at now: Duration, into decision: inout Decision) {
        guard var running = shownRunning else { return }
        let isStopping = if case .stopping = step { true } else { false }
        let (kinds, next) = running.probes.takeDue(at: now, isEnding: podEnds || isStopping)
        for kind in kinds { decision.perform(.probe(kind, container: name, id: running.id, sandboxID: sandboxID)) }
        if let next { decision.probe(at: next) }
        replace(running)
    }

    mutating func probed(_ kind: ProbeKind, _ result: ProbeResult, _ now: Duration, _ decision: inout Decision) {
        guard var running else { return }
        let isSuccess: Bool? =
            switch result {
            case .success: true
            case .failure: false
            case .unknown: nil
            }
        let counts = running.probes.receive(kind, isSuccess: isSuccess, at: now)
        replace(running)
        guard counts else { return }
        switch result {
        case .success(nil): break
        case .success(let warning?):
            decision.record(.warning, "ProbeWarning", "\(kind.rawValue) probe warning: \(warning)", fieldPath: fieldPath)
        case .failure(let message):
            decision.record(.warning, "Unhealthy", "\(kind.rawValue) probe failed: \(message)", fieldPath: fieldPath)
        case .unknown(let message):
            decision.record(
                .warning, "Unhealthy", "\(kind.rawValue) probe errored and resulted in unknown state: \(message)", fieldPath: fieldPath)
        }
    }

    /// Takes a result that changes nothing but the time of the probe's next run.
    /// - Returns: false when it changes more; the record is then as before.
    mutating func takeQuietly(_ kind: ProbeKind, _ result: ProbeResult, at now: Duration) -> Bool {
        guard case .running(var running) = step, running.probes.failure == nil, result == .success(warning: nil) else { return false }
        let shown = running.probes
        _ = running.probes.receive(kind, isSuccess: true, at: now)
        guard running.probes.isStarted == shown.isStarted, running.probes.isReady == shown.isReady else { return false }
        step = .running(running)
        return true
    }

    private mutating func replace(_ running: RunningContainer) {
        switch step {
        case .running: step = .running(running)
        case .stopping(_, let stop): step = .stopping(running, stop)
        case .idle, .pausing, .ensuringImage, .imageReady, .starting: break
        }
    }
}
