import KubeModel
import Timing

extension ContainerRecord {
    /// The least time between the stop signal and the kill, as in kubelet.
    static let leastGrace = Duration.seconds(2)

    /// Runs, or may soon.
    var isAlive: Bool { running != nil || isStarting }

    /// Takes the next step to the end of a container that runs.
    /// - Parameter deadline: when the pod's grace period ends.
    mutating func decideStop(deadline: Duration, sandboxID: String, at now: Duration, into decision: inout Decision) {
        let running: RunningContainer
        var stop: ContainerStop
        switch step {
        case .running(let container):
            running = container
            stop = ContainerStop(deadline: deadline, atLeast: Self.leastGrace, now: now)
            decision.record(.normal, "Killing", "Stopping container \(name)", fieldPath: fieldPath)
        case .stopping(let container, let earlier):
            running = container
            stop = earlier
            stop.shorten(to: deadline, now: now)
        case .idle, .pausing, .ensuringImage, .imageReady, .starting: return
        }
        if let signal = stop.takeDue(at: now) { decision.perform(.stopContainer(id: running.id, sandboxID: sandboxID, signal: signal)) }
        if let time = stop.nextTime(after: now) { decision.wake(at: time) }
        step = .stopping(running, stop)
    }
}
