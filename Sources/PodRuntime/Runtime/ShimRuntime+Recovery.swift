import CLinux
import Glibc
import KubeModel
import LinuxCgroups
import LinuxSystem
import Logging
package import PodCore

/// Finding what an earlier agent left. The kernel and the shims are asked; files count only where nobody else can tell.
extension ShimRuntime {
    package func recover() async throws(RuntimeFailure) -> [RecoveredSandbox] {
        let directory = settings.runDirectory + "/sandboxes"
        let ids = try await blocking("look for sandboxes", .internal) { [self] in
            // In this order: a layer that is seen here has its container's folder already.
            let layers = Set(try DirectoryListing.names(at: layers))
            let ids = try DirectoryListing.names(at: directory)
            try removeOrphans(of: layers, sandboxes: ids)
            return ids
        }
        let recovered = await withTaskGroup(of: RecoveredSandbox?.self) { group in
            for id in ids where knownSandbox(id) == nil { group.addTask { await self.recover(id) } }
            var found: [RecoveredSandbox] = []
            for await sandbox in group { if let sandbox { found.append(sandbox) } }
            return found.sorted { ($0.createdAt, $0.configuration.id) < ($1.createdAt, $1.configuration.id) }
        }
        try await blocking("weigh the pods that are there", .internal) { [self] in balanceLevels() }
        return recovered
    }

    private var layers: String { settings.stateDirectory + "/containers" }

    /// Writable layers outlive the boot, their containers do not. What no sandbox's folder names is removed, without anybody waiting for it.
    private func removeOrphans(of found: Set<String>, sandboxes ids: [String]) throws(SystemError) {
        var orphans = found
        for id in ids { orphans.subtract(try DirectoryListing.names(at: paths(id).containers)) }
        guard !orphans.isEmpty else { return }
        let logger = logger
        let layers = layers
        // The list is made before any new container can be: nothing of theirs is in it.
        try DedicatedThread.start(name: "layers") { [orphans] in
            for id in orphans {
                do throws(SystemError) { try TreeRemoval.remove("\(layers)/\(id)") } catch {
                    logger.warning("an old writable layer cannot be removed", metadata: ["error": .string("\(error)")])
                }
            }
        }
    }

    /// A sandbox by its files. Blocking.
    func left(_ paths: SandboxPaths) throws -> Sandbox {
        let document = try SandboxDocument.read(paths.document)
        guard paths.directory.hasSuffix("/" + document.configuration.id) else {
            throw RuntimeFailure(.internal, "\(paths.document) is of sandbox \(document.configuration.id); it is left as it is")
        }
        let sandbox = Sandbox(document, paths: paths, cgroup: try settings.cgroups.cgroup(document.cgroup))
        sandbox.takeDirectory()
        if let ids = document.ids {
            userNamespaces.adopt(ids, sandboxID: document.configuration.id, podUID: document.configuration.pod.uid)
        }
        if let state = try ContainerStateFile.sandbox(at: paths.state) {
            sandbox.setShim(state.shim)
            if state.pause.pid > 0 { sandbox.setPause(state.pause) }
        }
        return sandbox
    }

    /// What the files of one container say.
    private struct LeftContainer: Sendable {
        let configuration: ContainerConfiguration
        let exit: swl_exit?
        let state: swl_container_state?
    }

    private func recover(_ id: String) async -> RecoveredSandbox? {
        do {
            try SandboxPaths.check(id: id, "sandbox", .internal)
            let paths = paths(id)
            let found = try await pool.run("read sandbox") { [self] in
                try paths.isUnborn() ? nil : (try left(paths), try leftContainers(paths))
            }
            guard let (sandbox, containers) = found else {
                try await clear(unborn: paths)
                return nil
            }
            guard insert(sandbox) else { return nil }
            // Rotations go on while no agent is there.
            for container in containers { logCompressor.compress(container.configuration.log.path) }
            do {
                try await connect(to: sandbox)
                if let found = try await reconnect(sandbox, containers) { return found }
            } catch {
                logger.notice("the shim of a sandbox is gone", metadata: ["sandbox": .string(id), "error": .string("\(error)")])
            }
            return try await bury(sandbox, containers)
        } catch {
            // Never deleted: what cannot be understood may be all that is known about processes that still run.
            logger.error(
                "a sandbox cannot be recovered and is left alone",
                metadata: ["directory": .string("\(settings.runDirectory)/sandboxes/\(id)"), "error": .string("\(error)")])
            return nil
        }
    }

    /// Takes back what was begun of a sandbox that nobody knows of: at most its shim runs.
    private func clear(unborn paths: SandboxPaths) async throws {
        let shim = try? await ShimConnection.connect(
            directory: paths.directory, socket: SandboxPaths.socket, peer: "the shim of a sandbox without a record", onEvent: { _ in }, onEnd: {})
        if let shim {
            _ = try? await shim.request(SWL_VERB_SHUTDOWN, timeout: .seconds(10))
            shim.close()
        }
        try await pool.run("remove a sandbox that was not made") { try TreeRemoval.remove(paths.directory) }
    }

    private func leftContainers(_ paths: SandboxPaths) throws -> [LeftContainer] {
        var containers: [LeftContainer] = []
        for id in try DirectoryListing.names(at: paths.containers) {
            let place = paths.container(id)
            guard try FileStatus.ifPresent(place.document) != nil else {
                // Its agent ended while making the folder; it goes with the sandbox.
                logger.warning("a container's folder without a record", metadata: ["directory": .string(place.directory)])
                continue
            }
            do throws(RuntimeFailure) {
                containers.append(
                    LeftContainer(
                        configuration: try ContainerDocument.read(place.document).configuration, exit: try ContainerStateFile.exit(at: place.exit),
                        state: try ContainerStateFile.container(at: place.state)))
            } catch {
                logger.error("a container's record cannot be read and is left alone", metadata: ["error": .string("\(error)")])
            }
        }
        return containers
    }

    /// Asks the living shim; `nil` when it has no sandbox (any more).
    private func reconnect(_ sandbox: Sandbox, _ left: [LeftContainer]) async throws -> RecoveredSandbox? {
        guard let connection = sandbox.connection else { return nil }
        // Subscribed first: what ends between the two is in the answer, and told again only if it is not.
        let subscribed = try await connection.begin(SWL_VERB_SUBSCRIBE, timeout: .seconds(10))
        let reply = try await connection.request(SWL_VERB_QUERY, timeout: .seconds(10))
        if let refusal = try await subscribed.value().get().refusal { throw RuntimeFailure(.internal, refusal.explanation) }
        if let refusal = reply.refusal { throw RuntimeFailure(.internal, refusal.explanation) }
        guard let state = reply.sandboxState else { throw RuntimeFailure(.internal, "the shim's answer has no state") }
        sandbox.setShim(state.shim)
        guard UInt32(state.state) == SWL_STATE_RUNNING.rawValue else { return nil }
        sandbox.setPause(state.pause)
        let states = Dictionary(reply.containerStates.map { ($0.id, $0.state) }, uniquingKeysWith: { $1 })
        var containers: [RecoveredSandbox.Container] = []
        var late: [(String, ContainerExit)] = []
        for container in left {
            let id = container.configuration.id
            let condition = try await condition(container, states[id], in: sandbox)
            if let exit = sandbox.adopt(container.configuration, condition) { late.append((id, exit)) }
            containers.append(RecoveredSandbox.Container(configuration: container.configuration, condition: condition.recovered))
        }
        sandbox.enter(.running)
        for (id, exit) in late { tell(.containerExited(sandboxID: sandbox.id, containerID: id, exit)) }
        if connection.isClosed { await lost(sandbox) }
        return recovered(sandbox, isRunning: true, containers)
    }

    private func condition(
        _ container: LeftContainer, _ state: swl_container_state?, in sandbox: Sandbox
    ) async throws -> Sandbox.ContainerPhase {
        switch state.map({ swl_state(UInt32($0.state)) }) {
        case SWL_STATE_RUNNING?:
            guard let process = state?.process else { return .neverStarted }
            return .running(
                StartedContainer(id: container.configuration.id, pid: process.pid, startedAt: Timestamp(unixNanoseconds: process.started_at)))
        case SWL_STATE_EXITED?:
            if let exit = state?.exit, exit.magic == SWL_EXIT_MAGIC { return .exited(ContainerExit(exit)) }
            return .exited(Self.exit(container.exit, nil))
        case SWL_STATE_STARTING?, SWL_STATE_CREATED?:
            // Nobody waits for this start any more: whoever wants the container starts it again.
            let cgroup = try sandbox.cgroup.child(container.configuration.id)
            try await pool.run("kill") { try cgroup.kill() }
            return .neverStarted
        default:
            return container.exit.map { .exited(ContainerExit($0)) } ?? .neverStarted
        }
    }

    /// The shim is gone: ends what it left, and says how everything ended as far as it is recorded.
    private func bury(_ sandbox: Sandbox, _ left: [LeftContainer]) async throws -> RecoveredSandbox {
        for container in left {
            let phase: Sandbox.ContainerPhase
            if let exit = container.exit {
                phase = .exited(ContainerExit(exit))
            } else if let state = container.state {
                let started = StartedContainer(
                    id: container.configuration.id, pid: state.process.pid, startedAt: Timestamp(unixNanoseconds: state.process.started_at))
                kill(ProcessIdentity(pid: state.process.pid, startTime: state.process.start_time))
                phase = .exited(Self.exit(nil, started))
            } else {
                phase = .neverStarted
            }
            _ = sandbox.adopt(container.configuration, phase)
        }
        if let pause = sandbox.pause { kill(pause) }
        // The rest by cgroup.kill, and its shim as well, should one be left without a sandbox.
        try await stop(sandbox)
        let containers = left.compactMap { container -> RecoveredSandbox.Container? in
            guard let phase = sandbox.container(container.configuration.id)?.phase else { return nil }
            return RecoveredSandbox.Container(configuration: container.configuration, condition: phase.recovered)
        }
        return recovered(sandbox, isRunning: false, containers)
    }

    /// By pid and start time: the pid may be another's by now.
    private func kill(_ process: ProcessIdentity) {
        try? process.open().signal(SIGKILL)
    }

    private func recovered(_ sandbox: Sandbox, isRunning: Bool, _ containers: [RecoveredSandbox.Container]) -> RecoveredSandbox {
        let document = sandbox.document
        return RecoveredSandbox(
            configuration: document.configuration, createdAt: Timestamp(unixNanoseconds: document.createdAt), addresses: document.addresses,
            isRunning: isRunning, networkNamespacePath: isRunning ? sandbox.pause.map { Self.networkNamespace($0.pid) } : nil, containers: containers)
    }
}

extension Sandbox.ContainerPhase {
    fileprivate var recovered: RecoveredSandbox.ContainerCondition {
        switch self {
        case .running(let started): .running(started)
        case .exited(let exit): .exited(exit)
        case .launching, .neverStarted: .neverStarted
        }
    }
}
