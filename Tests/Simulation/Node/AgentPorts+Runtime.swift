import KubeModel
import PodCore
import Synchronization

extension AgentPorts: ContainerRuntime {
    private static let lost = RuntimeFailure(.internal, "no answer")

    /// A failure leaves nothing behind, as `PodRuntime` has it.
    func createSandbox(_ configuration: SandboxConfiguration) async throws(RuntimeFailure) -> StartedSandbox {
        let createdAt = world.time.wallTime()
        try await call(
            "create sandbox \(configuration.id) of \(configuration.pod.name)", failure: RuntimeFailure(.sandbox, "no"), losesAnswers: false
        ) { (state: inout NodeState) throws(RuntimeFailure) in
            node.check(creating: configuration, state)
            state.sandboxes[configuration.id] = SimulatedSandbox(configuration: configuration, createdAt: createdAt)
        }
        return StartedSandbox(id: configuration.id, pausePID: 1, networkNamespacePath: "/n", createdAt: createdAt)
    }

    func record(addresses: [String], ofSandbox sandboxID: String) async throws(RuntimeFailure) {
        try await call("record addresses of \(sandboxID)", failure: Self.lost) { (state: inout NodeState) throws(RuntimeFailure) in
            guard state.sandboxes[sandboxID]?.isRunning == true else { throw RuntimeFailure(.notFound, "no sandbox") }
            state.sandboxes[sandboxID]?.addresses = addresses
        }
    }

    func startContainer(_ configuration: ContainerConfiguration, inSandbox sandboxID: String) async throws(RuntimeFailure) -> StartedContainer {
        let started = StartedContainer(id: configuration.id, pid: 2, startedAt: world.time.wallTime())
        let problem: RuntimeFailure.Code = world.oneIn(2) ? .create : .start
        let what = "start \(configuration.name) \(configuration.restartCount) as \(configuration.id) in \(sandboxID)"
        try await call(what, failure: RuntimeFailure(problem, "no"), losesAnswers: false) { (state: inout NodeState) throws(RuntimeFailure) in
            guard let sandbox = state.sandboxes[sandboxID], sandbox.isRunning else { throw RuntimeFailure(.notFound, "no sandbox") }
            node.check(starting: configuration, in: sandbox, state)
            let uid = sandbox.configuration.pod.uid
            state.usedCounts["\(uid)/\(configuration.name)", default: []].insert(configuration.restartCount)
            state.logs[uid, default: [:]][configuration.name] = configuration.restartCount
            state.sandboxes[sandboxID]?.containers.append(SimulatedContainer(configuration: configuration, started: started))
            if configuration.role == .regular { state.sandboxes[sandboxID]?.isInitialized = true }
        }
        planExit(of: configuration, in: sandboxID)
        return started
    }

    /// Init containers end soon; others mostly run on.
    private func planExit(of configuration: ContainerConfiguration, in sandboxID: String) {
        guard configuration.role == .initial && world.oneIn(2) || world.oneIn(3) else {
            if configuration.role == .initial { end(configuration.id, sandboxID, within: 60_000, code: 0) }
            return
        }
        end(configuration.id, sandboxID, within: world.oneIn(3) ? 1 : 400_000, code: world.oneIn(2) ? 0 : 1)
    }

    private func end(_ id: String, _ sandboxID: String, within milliseconds: Int, code: Int) {
        world.after(.milliseconds(world.random(0..<milliseconds))) { [node] in node.exit(id, in: sandboxID, code: code) }
    }

    func signal(_ signal: Int32, container containerID: String, inSandbox sandboxID: String) async throws(RuntimeFailure) {}

    func stop(container containerID: String, inSandbox sandboxID: String) async throws(RuntimeFailure) {
        // The grace period counts from the first attempt, even if that fails.
        if isAlive { node.noteStop(containerID, in: sandboxID) }
        try await call("stop \(containerID)", failure: Self.lost) { (state: inout NodeState) throws(RuntimeFailure) in
            guard state.sandboxes[sandboxID]?.containers.contains(where: { $0.configuration.id == containerID }) == true else {
                throw RuntimeFailure(.notFound, "no container")
            }
        }
        if !world.fails(oneIn: 4) { end(containerID, sandboxID, within: 4000, code: world.oneIn(2) ? 0 : 143) }
    }

    func kill(container containerID: String, inSandbox sandboxID: String) async throws(RuntimeFailure) {
        try await call("kill \(containerID)", failure: Self.lost) { (state: inout NodeState) throws(RuntimeFailure) in
            guard let sandbox = state.sandboxes[sandboxID],
                let container = sandbox.containers.first(where: { $0.configuration.id == containerID })
            else { throw RuntimeFailure(.notFound, "no container") }
            if container.isRunning { node.check(killing: container, of: sandbox.configuration.pod.uid, state) }
        }
        node.exit(containerID, in: sandboxID, code: 137)
    }

    func removeContainer(_ containerID: String, inSandbox sandboxID: String) async throws(RuntimeFailure) {
        try await call("remove \(containerID)", failure: Self.lost) { (state: inout NodeState) throws(RuntimeFailure) in
            state.sandboxes[sandboxID]?.containers.removeAll { $0.configuration.id == containerID && !$0.isRunning }
        }
    }

    func stopSandbox(_ sandboxID: String) async throws(RuntimeFailure) {
        try await call("stop sandbox \(sandboxID)", failure: Self.lost) { (state: inout NodeState) throws(RuntimeFailure) in
            guard let sandbox = state.sandboxes[sandboxID] else { return }
            node.check(stopping: sandbox)
            state.sandboxes[sandboxID]?.isRunning = false
            state.sandboxes[sandboxID]?.isStopped = true
        }
    }

    func removeSandbox(_ sandboxID: String) async throws(RuntimeFailure) {
        try await call("remove sandbox \(sandboxID)", failure: Self.lost) { (state: inout NodeState) throws(RuntimeFailure) in
            guard let sandbox = state.sandboxes[sandboxID] else { return }
            node.check(removing: sandbox)
            state.sandboxes[sandboxID] = nil
        }
    }

    func recover() async throws(RuntimeFailure) -> [RecoveredSandbox] {
        guard await pass() else { throw Self.lost }
        connect()
        return node.state.withLock { state in
            state.sandboxes.values.sorted { $0.configuration.id < $1.configuration.id }.map { sandbox in
                RecoveredSandbox(
                    configuration: sandbox.configuration, createdAt: sandbox.createdAt, addresses: sandbox.addresses, isRunning: sandbox.isRunning,
                    networkNamespacePath: "/n",
                    containers: sandbox.containers.map { container in
                        .init(configuration: container.configuration, condition: container.exit.map { .exited($0) } ?? .running(container.started))
                    })
            }
        }
    }

    func exec(_ request: ExecRequest) async throws(RuntimeFailure) -> any ContainerStreams {
        _ = await pass()
        throw Self.lost
    }

    func attach(_ request: AttachRequest) async throws(RuntimeFailure) -> any ContainerStreams { throw Self.lost }
    func log(_ request: LogRequest) async throws(RuntimeFailure) -> any LogSession { throw Self.lost }
}
