import CLinux
import KubeModel
import LinuxCgroups
import LinuxSystem
import PodCore
import ShimClient
import Synchronization

/// A sandbox that this agent made or found: what is known of it, and the connection to its shim.
final class Sandbox: Sendable {
    enum Phase: Sendable {
        /// Exits are kept until it is known what they are exits of.
        case beginning
        case running
        /// The shim or the pause went away by itself.
        case lost
        case stopping
        /// No process of it is left.
        case stopped
    }

    enum ContainerPhase: Sendable {
        /// Its exit may be told before its start.
        case launching(exit: ContainerExit?)
        case running(StartedContainer)
        case exited(ContainerExit)
        case neverStarted
    }

    struct Container: Sendable {
        var configuration: ContainerConfiguration
        var phase: ContainerPhase
        let ended = OneShot<Void>()
    }

    private struct State {
        var phase = Phase.beginning
        /// The sandbox's directory is ours: only then may a failed creation take it away again.
        var ownsDirectory = false
        var document: SandboxDocument
        var connection: ShimConnection?
        var shim: ProcessIdentity?
        var pause: ProcessIdentity?
        var containers: [String: Container] = [:]
        /// Exits of containers that are not known yet.
        var earlyExits: [String: ContainerExit] = [:]
        var execs: [String: OneShot<Result<ContainerExit, RuntimeFailure>>] = [:]
        var pauseHasEnded = false
        /// The end was told as an event.
        var endIsTold = false
        /// Somebody is trying to hear from the shim.
        var isPursued = false
        var pursuit: Task<Void, Never>?
    }

    let paths: SandboxPaths
    /// The pod's; the pause and each container have a child of it.
    let cgroup: Cgroup
    private let state: Mutex<State>

    init(_ document: SandboxDocument, paths: SandboxPaths, cgroup: Cgroup) {
        self.paths = paths
        self.cgroup = cgroup
        state = Mutex(State(document: document))
    }

    deinit { state.withLock { $0.pursuit?.cancel() } }

    var document: SandboxDocument { state.withLock { $0.document } }
    var configuration: SandboxConfiguration { document.configuration }
    var id: String { configuration.id }
    var phase: Phase { state.withLock { $0.phase } }
    var connection: ShimConnection? { state.withLock { $0.connection } }
    var shim: ProcessIdentity? { state.withLock { $0.shim } }
    var pause: ProcessIdentity? { state.withLock { $0.pause } }
    var containers: [String: Container] { state.withLock { $0.containers } }

    func container(_ id: String) -> Container? { state.withLock { $0.containers[id] } }

    var ownsDirectory: Bool { state.withLock { $0.ownsDirectory } }

    func takeDirectory() { state.withLock { $0.ownsDirectory = true } }

    /// Enters a phase and says which one it leaves.
    @discardableResult
    func enter(_ phase: Phase) -> Phase {
        state.withLock { state in
            defer { state.phase = phase }
            return state.phase
        }
    }

    /// Whether this is the one that has to deal with the loss.
    func enterLost() -> Bool {
        state.withLock { state in
            guard case .running = state.phase else { return false }
            state.phase = .lost
            return true
        }
    }

    /// Takes a new connection; one that is given up ends.
    func connect(_ connection: ShimConnection) {
        let earlier = state.withLock { state in
            defer { state.connection = connection }
            return state.connection
        }
        earlier?.close()
    }

    /// Whether the sandbox runs, so that the end of its pause has to be dealt with now and not when it is known to run.
    func notePauseEnd() -> Bool {
        state.withLock { state in
            state.pauseHasEnded = true
            if case .running = state.phase { return true }
            return false
        }
    }

    var pauseHasEnded: Bool { state.withLock { $0.pauseHasEnded } }
    var endIsTold: Bool { state.withLock { $0.endIsTold } }

    func noteEndTold() { state.withLock { $0.endIsTold = true } }

    // MARK: The pursuit of a shim that is not heard

    /// Whether the caller is the one who has to begin it.
    func beginPursuit() -> Bool {
        state.withLock { state in
            guard case .running = state.phase, !state.isPursued else { return false }
            state.isPursued = true
            return true
        }
    }

    /// Keeps the task that pursues: it ends with the sandbox.
    func setPursuit(_ task: Task<Void, Never>) { state.withLock { $0.pursuit = task } }

    /// The shim is heard again. False when the connection has ended meanwhile, which nobody else will look after.
    func endPursuit() -> Bool {
        state.withLock { state in
            if case .running = state.phase, state.connection?.isClosed ?? true { return false }
            state.isPursued = false
            return true
        }
    }

    func setShim(_ process: swl_process) {
        state.withLock { $0.shim = ProcessIdentity(pid: process.pid, startTime: process.start_time) }
    }

    /// Who the shim is, where nothing has told it yet.
    func noteShim(_ process: ProcessIdentity) { state.withLock { $0.shim = $0.shim ?? process } }

    /// What the shim has written of itself and the pause.
    func takeProcesses(_ found: swl_sandbox_state?) {
        guard let found else { return }
        setShim(found.shim)
        if found.pause.pid > 0 { setPause(found.pause) }
    }

    func setPause(_ process: swl_process) {
        state.withLock { $0.pause = ProcessIdentity(pid: process.pid, startTime: process.start_time) }
    }

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

    // MARK: Containers

    func setResources(_ resources: CgroupResources, ofContainer id: String) {
        state.withLock { $0.containers[id]?.configuration.resources = resources }
    }

    /// Reserves the id. Exits that come from now on are kept until `started`.
    func beginLaunch(_ configuration: ContainerConfiguration) throws(RuntimeFailure) {
        let problem = state.withLock { state -> RuntimeFailure? in
            guard case .running = state.phase else {
                return RuntimeFailure(.notRunning, "sandbox \(state.document.configuration.id) is not running any more")
            }
            guard state.containers[configuration.id] == nil else {
                return RuntimeFailure(.create, "container \(configuration.id) exists already: remove it first")
            }
            state.containers[configuration.id] = Container(configuration: configuration, phase: .launching(exit: nil))
            return nil
        }
        if let problem { throw problem }
    }

    /// The container runs. Returns its exit when that has come already.
    func started(_ container: StartedContainer) -> ContainerExit? {
        let (exit, ended) = state.withLock { state -> (ContainerExit?, OneShot<Void>?) in
            guard case .launching(let exit)? = state.containers[container.id]?.phase else { return (nil, nil) }
            if let exit {
                state.containers[container.id]?.phase = .exited(exit)
                return (exit, state.containers[container.id]?.ended)
            }
            state.containers[container.id]?.phase = .running(container)
            return (nil, nil)
        }
        ended?.give(())
        return exit
    }

    /// Takes over what an earlier agent left. Returns the exit that was told while the containers were looked at.
    func adopt(_ configuration: ContainerConfiguration, _ phase: ContainerPhase) -> ContainerExit? {
        let (late, ended) = state.withLock { state -> (ContainerExit?, OneShot<Void>?) in
            var container = Container(configuration: configuration, phase: phase)
            let early = state.earlyExits.removeValue(forKey: configuration.id)
            var late: ContainerExit?
            if case .running = phase, let early {
                container.phase = .exited(early)
                late = early
            }
            state.containers[configuration.id] = container
            if case .running = container.phase { return (nil, nil) }
            return (late, container.ended)
        }
        ended?.give(())
        return late
    }

    /// Notes an exit. Whether it is news that has to be told: each exit is told once.
    func exited(_ id: String, _ exit: ContainerExit) -> Bool {
        let (isNews, ended) = state.withLock { state -> (Bool, OneShot<Void>?) in
            guard let container = state.containers[id] else {
                if case .beginning = state.phase { state.earlyExits[id] = exit }
                return (false, nil)
            }
            switch container.phase {
            case .launching:
                state.containers[id]?.phase = .launching(exit: exit)
                return (false, nil)
            case .running:
                state.containers[id]?.phase = .exited(exit)
                return (true, container.ended)
            case .exited, .neverStarted:
                return (false, nil)
            }
        }
        ended?.give(())
        return isNews
    }

    func forget(container id: String) {
        state.withLock { $0.containers.removeValue(forKey: id) }?.ended.give(())
    }

    // MARK: Execs

    var execIDs: Set<String> { state.withLock { Set($0.execs.keys) } }

    /// Registered before the request: a short program's end is told right behind its start.
    func expectExec(_ id: String) -> OneShot<Result<ContainerExit, RuntimeFailure>> {
        state.withLock { state in
            let exit = OneShot<Result<ContainerExit, RuntimeFailure>>()
            state.execs[id] = exit
            return exit
        }
    }

    func execEnded(_ id: String, _ result: Result<ContainerExit, RuntimeFailure>) {
        state.withLock { $0.execs.removeValue(forKey: id) }?.give(result)
    }

    /// From now on its exit is told to nobody. Whether it had not been told yet.
    func forgetExec(_ id: String) -> Bool {
        state.withLock { $0.execs.removeValue(forKey: id) } != nil
    }

    func allExecsEnded() {
        let execs = state.withLock { state in
            defer { state.execs = [:] }
            return state.execs.values
        }
        for exec in execs { exec.give(.failure(RuntimeFailure(.notRunning, "the sandbox has ended, and with it the program"))) }
    }
}
