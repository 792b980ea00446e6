import KubeModel
import PodCore
import Synchronization
import Timing

/// The node of a simulation: its kernel, runtime, disk and network. It outlives the agents that run on it.
final class SimulatedNode: Sendable {
    let world: World
    let state = Mutex(NodeState())
    private let sink = Mutex<AsyncStream<RuntimeEvent>.Continuation?>(nil)

    init(_ world: World) {
        self.world = world
    }

    /// Reports runtime events to the next agent.
    func connect(_ continuation: AsyncStream<RuntimeEvent>.Continuation?) {
        sink.withLock { $0 = continuation }
    }

    func tell(_ event: RuntimeEvent) {
        _ = sink.withLock { $0?.yield(event) }
    }

    func noteStop(_ id: String, in sandboxID: String) {
        let now = world.time.now()
        state.withLock { state in
            guard let index = state.sandboxes[sandboxID]?.containers.firstIndex(where: { $0.configuration.id == id && $0.stoppedAt == nil }) else {
                return
            }
            state.sandboxes[sandboxID]?.containers[index].stoppedAt = now
        }
    }

    // MARK: What happens by itself

    func exit(_ id: String, in sandboxID: String, code: Int) {
        let exit = ContainerExit(startedAt: nil, finishedAt: world.time.wallTime(), exitCode: code)
        guard state.withLock({ $0.sandboxes[sandboxID]?.end(id, exit) == true }) else { return }
        world.note("exit \(id) \(code)")
        tell(.containerExited(sandboxID: sandboxID, containerID: id, exit))
    }

    /// The pause process of a sandbox dies, and everything in it.
    func loseSandbox() {
        let running = state.withLock { $0.sandboxes.values.filter(\.isRunning).map(\.configuration.id).sorted() }
        guard !running.isEmpty else { return }
        lose(running[world.random(0..<running.count)])
    }

    private func lose(_ id: String) {
        let now = world.time.wallTime()
        world.note("sandbox \(id) dies")
        state.withLock { state in
            for container in state.sandboxes[id]?.running ?? [] {
                let exit = ContainerExit(startedAt: nil, finishedAt: now, exitCode: 137, isKnown: false)
                _ = state.sandboxes[id]?.end(container.configuration.id, exit)
            }
            state.sandboxes[id]?.isRunning = false
        }
        tell(.sandboxEnded(sandboxID: id))
    }

    /// The machine starts anew: what was in memory is gone. No agent runs meanwhile.
    func reboot() {
        world.note("reboot")
        state.withLock { state in
            state.sandboxes = [:]
            state.attached = []
        }
    }
}
