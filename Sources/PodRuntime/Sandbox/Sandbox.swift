import CLinux
import KubeModel
import LinuxCgroups
import LinuxSystem
import PodCore
import ShimClient
import Synchronization

/// A sandbox that this agent made or found: its machine behind a lock, its record, its processes, and the connection to its shim.
///
/// Steps of the machine return the actions to perform; promises of containers and execs are fulfilled here, outside of the lock.
final class Sandbox: Sendable {
    struct Container: Sendable {
        let configuration: ContainerConfiguration
        let phase: SandboxContainer.Phase
        let ended: Promise<Void>
    }

    private struct State {
        var machine: SandboxMachine
        var document: SandboxDocument
        var connection: ShimConnection?
        var shim: ProcessIdentity?
        var pause: ProcessIdentity?
        var promises = SandboxPromises()
        var pursuit: Task<Void, Never>?

        var isConnected: Bool { !(connection?.isClosed ?? true) }
    }

    let paths: SandboxPaths
    /// The pod's; the pause and each container have a child of it.
    let cgroup: Cgroup
    private let state: Mutex<State>

    init(_ document: SandboxDocument, paths: SandboxPaths, cgroup: Cgroup) {
        self.paths = paths
        self.cgroup = cgroup
        state = Mutex(State(machine: SandboxMachine(id: document.configuration.id), document: document))
    }

    deinit { state.withLock { $0.pursuit?.cancel() } }

    // MARK: The machine

    /// Takes one step and returns what is left to perform.
    @discardableResult
    func handle(_ event: SandboxEvent) -> [SandboxAction] { step { $0.machine.handle(event) } }

    /// The shim has answered over the connection that there is.
    func answered(_ report: ShimReport) -> [SandboxAction] {
        step { $0.machine.handle(.shimAnswered(report, isConnected: $0.isConnected)) }
    }

    func made() throws(RuntimeFailure) {
        try state.withLock { (state) throws(RuntimeFailure) in try state.machine.made(isConnected: state.isConnected) }
    }

    func launch(_ configuration: ContainerConfiguration) throws(RuntimeFailure) {
        try state.withLock { (state) throws(RuntimeFailure) in try state.machine.launch(configuration) }
    }

    func requireRunning(_ operation: String) throws(RuntimeFailure) {
        try state.withLock { (state) throws(RuntimeFailure) in try state.machine.requireRunning(operation) }
    }

    func started(_ container: StartedContainer) -> [SandboxAction] { step { $0.machine.started(container) } }

    func forget(container id: String) { _ = step { $0.machine.forget(container: id) } }

    func goOn(
        _ left: [ContainerConfiguration], _ report: ShimReport, _ traces: [String: ContainerTrace]
    ) -> (found: [SandboxContainer], actions: [SandboxAction]) {
        var found: [SandboxContainer] = []
        let actions = step { state in
            let outcome = state.machine.goOn(left, report, traces, isConnected: state.isConnected, now: .now)
            found = outcome.found
            return outcome.actions
        }
        return (found, actions)
    }

    func resume(
        _ left: [ContainerConfiguration], _ traces: [String: ContainerTrace], isAsked: Bool
    ) -> (found: [SandboxContainer], actions: [SandboxAction]) {
        var found: [SandboxContainer] = []
        let actions = step { state in
            let outcome = state.machine.resume(left, traces, isAsked: isAsked, now: .now)
            found = outcome.found
            return outcome.actions
        }
        return (found, actions)
    }

    func bury(_ left: [ContainerConfiguration], _ traces: [String: ContainerTrace]) -> [SandboxAction] {
        step { $0.machine.bury(left, traces, pause: $0.pause, now: .now) }
    }

    private func step(_ body: (inout State) -> [SandboxAction]) -> [SandboxAction] {
        let (actions, fulfilments) = state.withLock { state in
            let actions = body(&state)
            guard !actions.isEmpty else { return (actions, [] as [SandboxPromises.Fulfilment]) }
            let known = state.machine.containers
            return state.promises.split(actions) { known[$0] != nil }
        }
        for fulfil in fulfilments { fulfil() }
        return actions
    }

    // MARK: State

    var machineState: SandboxMachine.State { state.withLock { $0.machine.state } }
    var ownsDirectory: Bool { state.withLock { $0.machine.ownsDirectory } }
    func takeDirectory() { state.withLock { $0.machine.takeDirectory() } }

    /// The sandbox runs or is about to.
    var isLive: Bool {
        switch machineState {
        case .beginning, .running: true
        case .lost, .stopping, .stopped: false
        }
    }

    var endIsReported: Bool {
        switch machineState {
        case .lost(let ending), .stopping(let ending), .stopped(let ending): ending.isReported
        case .beginning, .running: false
        }
    }

    var containers: [String: SandboxContainer] { state.withLock { $0.machine.containers } }

    func container(_ id: String) -> Container? {
        state.withLock { state in
            state.machine.containers[id].map {
                Container(configuration: $0.configuration, phase: $0.phase, ended: state.promises.end(of: id))
            }
        }
    }

    // MARK: Record

    var document: SandboxDocument { state.withLock { $0.document } }
    var configuration: SandboxConfiguration { document.configuration }
    var id: String { configuration.id }

    func setAddresses(_ addresses: [String]) -> SandboxDocument {
        state.withLock { state in
            state.document.addresses = addresses
            return state.document
        }
    }

    func setResources(_ resources: CgroupResources) -> SandboxDocument {
        state.withLock { state in
            state.document.configuration.resources = resources
            return state.document
        }
    }

    func setResources(_ resources: CgroupResources, ofContainer id: String) {
        state.withLock { $0.machine.containers[id]?.configuration.resources = resources }
    }

    // MARK: Processes

    var connection: ShimConnection? { state.withLock { $0.connection } }
    var shim: ProcessIdentity? { state.withLock { $0.shim } }
    var pause: ProcessIdentity? { state.withLock { $0.pause } }

    /// Takes a new connection and closes the one before.
    func connect(_ connection: ShimConnection) {
        let earlier = state.withLock { state in
            defer { state.connection = connection }
            return state.connection
        }
        earlier?.close()
    }

    func setShim(_ process: swl_process) {
        state.withLock { $0.shim = ProcessIdentity(pid: process.pid, startTime: process.start_time) }
    }

    /// Takes the shim's identity, unless it is known.
    func noteShim(_ process: ProcessIdentity) { state.withLock { $0.shim = $0.shim ?? process } }

    func setPause(_ process: swl_process) {
        state.withLock { $0.pause = ProcessIdentity(pid: process.pid, startTime: process.start_time) }
    }

    /// Takes what the shim has written about itself and the pause.
    func takeProcesses(_ found: swl_sandbox_state?) {
        guard let found else { return }
        setShim(found.shim)
        if found.pause.pid > 0 { setPause(found.pause) }
    }

    /// Keeps the task that pursues the shim: it ends with the sandbox.
    func setPursuit(_ task: Task<Void, Never>) { state.withLock { $0.pursuit = task } }

    // MARK: Execs

    /// Registered before the request: a short program's end is reported right behind its start.
    func expectExec(_ id: String) -> Promise<Result<ContainerExit, RuntimeFailure>> {
        state.withLock { state in
            state.machine.begin(exec: id)
            return state.promises.expect(exec: id)
        }
    }

    func execEnded(_ id: String, _ result: Result<ContainerExit, RuntimeFailure>) { _ = step { $0.machine.end(exec: id, result) } }

    /// Stops reporting this exec's exit. Returns false if it was already reported.
    func forgetExec(_ id: String) -> Bool {
        state.withLock { state in
            state.promises.forget(exec: id)
            return state.machine.forget(exec: id)
        }
    }
}
