import KubeModel
import PodCore

/// The invariants of every change that the agent makes on the node.
extension SimulatedNode {
    func check(creating configuration: SandboxConfiguration, _ state: NodeState) {
        let others = state.sandboxes(of: configuration.pod.uid).filter(\.isRunning).map(\.configuration.id)
        if !others.isEmpty { world.violated("a second sandbox of \(configuration.pod) beside \(others)") }
    }

    func check(starting configuration: ContainerConfiguration, in sandbox: SimulatedSandbox, _ state: NodeState) {
        let uid = sandbox.configuration.pod.uid
        let name = configuration.name
        for other in state.sandboxes(of: uid) where other.running.contains(where: { $0.configuration.name == name }) {
            world.violated("\(name) of \(uid) is started while it runs")
        }
        if state.usedCounts["\(uid)/\(name)"]?.contains(configuration.restartCount) == true {
            world.violated("\(name) of \(uid) is started with the restart count \(configuration.restartCount) for the second time")
        }
        if configuration.role != .ephemeral, let pod = state.specs[uid], !sandbox.isInitialized { checkOrder(configuration, pod, sandbox) }
    }

    /// Never before the init containers in front of it have succeeded, and the sidecars have started, in this sandbox.
    private func checkOrder(_ configuration: ContainerConfiguration, _ pod: Pod, _ sandbox: SimulatedSandbox) {
        for earlier in pod.spec.initContainers ?? [] {
            if earlier.name == configuration.name { return }
            let made = sandbox.containers.filter { $0.configuration.name == earlier.name }
            let isDone = earlier.restartPolicy == .always ? !made.isEmpty : made.contains { $0.exit?.exitCode == 0 }
            if !isDone { world.violated("\(configuration.name) of \(pod.uid) is started before \(earlier.name)") }
        }
    }

    func check(killing container: SimulatedContainer, of uid: String, _ state: NodeState) {
        guard let stoppedAt = container.stoppedAt else {
            return world.violated("\(container.configuration.name) of \(uid) is killed without a stop signal")
        }
        let waited = world.time.now() - stoppedAt
        if waited < .seconds(2) - .milliseconds(1) {
            world.violated("\(container.configuration.name) of \(uid) is killed \(waited) after the stop signal")
        }
    }

    func check(stopping sandbox: SimulatedSandbox) {
        let running = sandbox.running.map(\.configuration.name)
        if sandbox.isRunning, !running.isEmpty { world.violated("sandbox \(sandbox.configuration.id) is stopped while \(running) run in it") }
    }

    func check(removing sandbox: SimulatedSandbox) {
        if sandbox.isRunning || !sandbox.running.isEmpty { world.violated("sandbox \(sandbox.configuration.id) is removed while it runs") }
    }

    func check(releasing uid: String, _ state: NodeState) {
        if state.sandboxes(of: uid).contains(where: { $0.isRunning || !$0.running.isEmpty }) {
            world.violated("volumes of \(uid) are given back while something runs")
        }
    }
}
