import KubeModel
import Timing

extension ContainerRecord {
    /// Begins the `postStart` hook.
    mutating func beginPostStart(sandboxID: String, into decision: inout Decision) {
        guard case .running(var running) = step, running.postStart?.progress == .due else { return }
        running.postStart?.progress = .underWay
        step = .running(running)
        decision.perform(.runHook(.postStart, container: name, id: running.id, sandboxID: sandboxID, timeout: nil))
    }

    /// The events do not show the hook's own message: it may hold secrets of the program.
    mutating func hookEnded(_ kind: HookKind, _ result: HookResult, _ decision: inout Decision) {
        switch (kind, step) {
        case (.postStart, .running(var running)):
            guard let postStart = running.postStart, postStart.progress == .underWay else { return }
            if case .failed(let message) = result {
                running.postStart?.progress = .failed(message: message)
                decision.record(.warning, "FailedPostStartHook", "PostStartHook failed", fieldPath: fieldPath)
            } else {
                show(postStart.shown, postStart.restartCount)
                running.postStart = nil
            }
            step = .running(running)
        case (.preStop, .stopping(let running, var stop)):
            stop.hookEnded()
            step = .stopping(running, stop)
            if case .failed = result { decision.record(.warning, "FailedPreStopHook", "PreStopHook failed", fieldPath: fieldPath) }
        default: break
        }
    }
}
