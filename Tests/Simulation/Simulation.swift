import KubeModel
import Synchronization

/// A node's life under chance: real pods' machines, workers, statuses and events, on simulated time, API server, runtime, volumes and network.
///
/// One seed is one course of things, as long as `SWIFT_DETERMINISTIC_HASHING` is set. Everything runs on the calling thread.
package final class Simulation: Sendable {
    package struct Report: Sendable {
        package let seed: UInt64
        package let steps: Int
        package let violations: [String]
        /// The last happenings, the oldest first.
        package let trace: [String]
    }

    private struct State {
        var agent: SimulatedAgent?
        var killed: [SimulatedAgent] = []
        var agents = 0
        var pods = 0
    }

    let world: World
    let node: SimulatedNode
    let api: SimulatedAPI
    private let seed: UInt64
    private let state = Mutex(State())

    package init(seed: UInt64) {
        self.seed = seed
        world = World(seed: seed)
        node = SimulatedNode(world)
        api = SimulatedAPI(world, node)
    }

    /// Lets so many things happen, then ends the faults, deletes all pods, and looks whether everything is gone.
    package func run(steps: Int) -> Report {
        startAgent()
        planNextChange()
        var count = 0
        while count < steps, world.violations.isEmpty, world.step() { count += 1 }
        if world.violations.isEmpty { count += finish() }
        return Report(seed: seed, steps: count, violations: world.violations, trace: world.trace)
    }

    func nextPodNumber() -> Int {
        state.withLock { state in
            state.pods += 1
            return state.pods
        }
    }

    // MARK: The agent

    private func startAgent() {
        state.withLock { state in
            guard state.agent == nil else { return }
            state.agents += 1
            state.agent = SimulatedAgent(number: state.agents, node, api)
            state.killed.removeAll(where: \.isOver)
        }
    }

    private func killAgent() {
        let agent = state.withLock { state -> SimulatedAgent? in
            guard let agent = state.agent else { return nil }
            state.agent = nil
            state.killed.append(agent)
            return agent
        }
        api.watch(nil)
        agent?.kill()
    }

    /// The agent ends wherever it is; another one starts after a while.
    func restartAgent() {
        killAgent()
        world.after(.milliseconds(world.random(1..<30_000))) { [self] in startAgent() }
    }

    func reboot() {
        killAgent()
        node.reboot()
        world.after(.seconds(world.random(5..<60))) { [self] in startAgent() }
    }

    // MARK: The end

    private static let patience = Duration.seconds(3600)
    /// As long as what was under way may take, without faults.
    private static let quietTime = Duration.seconds(600)

    private func finish() -> Int {
        world.note("the end: no faults, and all pods are deleted")
        world.endFaults()
        api.state.withLock { $0.isAway = false }
        startAgent()
        // Of those that nothing else happens to, no later change would tell.
        for pod in api.pods { api.markNotReady(pod.key) }
        let quiet = world.time.now() + Self.quietTime
        while world.violations.isEmpty, world.time.now() < quiet, world.step() {}
        api.checkReadiness()
        for pod in api.pods { api.delete(pod.key, grace: Int64(world.random(0..<40))) }
        let deadline = world.time.now() + Self.patience
        var count = 0
        while world.violations.isEmpty, world.time.now() < deadline, !isEmpty, world.step() { count += 1 }
        if !isEmpty { world.violated("not everything is gone: \(remains)") }
        return count
    }

    private var isEmpty: Bool { remains.isEmpty }

    private var remains: [String] {
        api.pods.map { "pod \($0.uid)" }
            + node.state.withLock { state in
                state.sandboxes.keys.sorted().map { "sandbox \($0)" } + state.volumes.keys.sorted().map { "volumes of \($0)" }
                    + state.attached.sorted().map { "addresses of \($0)" } + state.logs.keys.sorted().map { "logs of \($0)" }
            }
    }
}
