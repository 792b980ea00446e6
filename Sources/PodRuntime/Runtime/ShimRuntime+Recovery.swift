import CLinux
import Glibc
import KubeModel
import LinuxCgroups
import LinuxSystem
import Logging
package import PodCore
import ShimClient

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
        let recovered: [RecoveredSandbox]
        do {
            recovered = try await withThrowingTaskGroup(of: RecoveredSandbox?.self) { group in
                for id in ids where knownSandbox(id) == nil { group.addTask { try await self.recover(id) } }
                var found: [RecoveredSandbox] = []
                for try await sandbox in group { if let sandbox { found.append(sandbox) } }
                return found.sorted { ($0.createdAt, $0.configuration.id) < ($1.createdAt, $1.configuration.id) }
            }
        } catch {
            throw RuntimeFailure(translating: error, during: "read what an earlier agent left", .internal)
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
        sandbox.takeProcesses(Self.state(at: paths))
        if let ids = document.ids {
            userNamespaces.adopt(ids, sandboxID: document.configuration.id, podUID: document.configuration.pod.uid)
        }
        return sandbox
    }

    /// Who its processes are, by the shim's file. The shim itself knows better: a damaged file is no more than a missing one. Blocking.
    static func state(at paths: SandboxPaths) -> swl_sandbox_state? {
        (try? ContainerStateFile.sandbox(at: paths.state)) ?? nil
    }

    private enum Left: Sendable {
        case unborn
        case sandbox(Sandbox, [ContainerConfiguration], unreadable: [String])
        case unreadable(RuntimeFailure)
    }

    /// - Throws: when files could not be read that may be all right (no descriptors left, for example). What comes of them must not be guessed:
    ///   the agent does not start then.
    private func look(at paths: SandboxPaths) throws -> Left {
        do {
            if try paths.isUnborn() { return .unborn }
            let sandbox = try left(paths)
            let (containers, unreadable) = try leftContainers(paths)
            return .sandbox(sandbox, containers, unreadable: unreadable)
        } catch let problem as RuntimeFailure {
            try RuntimeDocument.check(paths.document)
            return .unreadable(problem)
        }
    }

    private func recover(_ id: String) async throws -> RecoveredSandbox? {
        let paths = paths(id)
        do throws(RuntimeFailure) {
            try SandboxPaths.check(id: id, "sandbox", .internal)
        } catch {
            logger.error("a folder of no sandbox", metadata: ["directory": .string(paths.directory), "error": .string("\(error)")])
            return nil
        }
        switch try await pool.run("read sandbox", { [self] in try look(at: paths) }) {
        case .unborn:
            await clear(unborn: paths)
            return nil
        case .unreadable(let problem):
            return try await end(unreadable: paths, id, problem)
        case .sandbox(let sandbox, let containers, let unreadable):
            guard insert(sandbox) else { return nil }
            let found = await recover(sandbox, containers)
            // Before the pod starts others in their place.
            for id in unreadable { await fence(id, in: sandbox) }
            return found
        }
    }

    /// How long a shim is given to answer before its pod is taken to be what its files say, so that the others need not wait.
    private static let answerPatience = Duration.seconds(2)

    private func recover(_ sandbox: Sandbox, _ left: [ContainerConfiguration]) async -> RecoveredSandbox {
        // Rotations go on while no agent is there.
        for container in left { logCompressor.compress(container.log.path) }
        var asked: ShimConnection.PendingReply?
        var isEmpty = false
        do {
            asked = try await ask(connect(to: sandbox))
            if case .success(let reply)? = await asked?.value(within: Self.answerPatience) {
                if let found = try await reconnect(sandbox, left, reply) { return found }
                isEmpty = true
            }
        } catch {
            logger.notice("the shim of a sandbox is not heard", metadata: ["sandbox": .string(sandbox.id), "error": .string("\(error)")])
        }
        do {
            if !isEmpty, await !isDead(sandbox), let found = await resume(sandbox, left, asked) { return found }
            return try await bury(sandbox, left)
        } catch {
            logger.error(
                "a sandbox of an earlier agent cannot be ended yet; its pod waits for that",
                metadata: ["sandbox": .string(sandbox.id), "error": .string("\(error)")])
            return held(sandbox)
        }
    }

    private func isDead(_ sandbox: Sandbox) async -> Bool {
        guard sandbox.connection?.isClosed ?? true else { return false }
        return await Self.hasEnded(sandbox.shim, within: Self.answerPatience)
    }

    /// A sandbox that is no good and whose processes could not be ended: its pod stops it again and starts nothing before that has worked.
    /// Its addresses stay its own until then.
    func held(_ sandbox: Sandbox) -> RecoveredSandbox {
        tellEnd(of: sandbox)
        return RecoveredSandbox(
            configuration: sandbox.configuration, createdAt: Timestamp(unixNanoseconds: sandbox.document.createdAt), addresses: [],
            isRunning: true, networkNamespacePath: nil, containers: sandbox.recoveredContainers)
    }

    /// Takes back what was begun of a sandbox that nobody knows of: at most its shim runs.
    private func clear(unborn paths: SandboxPaths) async {
        let shim = try? await ShimConnection.connect(
            directory: paths.directory, socket: ShimConnection.socketName, peer: "the shim of a sandbox without a record", onEvent: { _ in },
            onEnd: {})
        if let shim {
            let process = shim.peer.flatMap { try? ProcessIdentity(of: $0.pid) }
            if (try? await shim.request(SWL_VERB_SHUTDOWN, timeout: Self.answerPatience)) == nil, let process { kill(process) }
            shim.close()
        }
        do {
            try await pool.run("remove a sandbox that was not made") { try TreeRemoval.remove(paths.directory) }
        } catch {
            logger.error(
                "what is left of a sandbox that was not made cannot be removed",
                metadata: ["directory": .string(paths.directory), "error": .string("\(error)")])
        }
    }

    /// The containers with a record that can be read, and the ids of the others: nobody can manage those.
    private func leftContainers(_ paths: SandboxPaths) throws -> ([ContainerConfiguration], unreadable: [String]) {
        var containers: [ContainerConfiguration] = []
        var unreadable: [String] = []
        for id in try DirectoryListing.names(at: paths.containers) {
            let place = paths.container(id)
            do throws(RuntimeFailure) {
                containers.append(try ContainerDocument.read(place.document).configuration)
            } catch {
                try RuntimeDocument.check(place.document)
                // Without one its agent ended while making the folder. Either goes with the sandbox.
                logger.error("a container's record cannot be read: what runs of it is ended", metadata: ["error": .string("\(error)")])
                unreadable.append(id)
            }
        }
        return (containers, unreadable)
    }

    /// What the living shim says; `nil` when it has no sandbox (any more).
    private func reconnect(_ sandbox: Sandbox, _ left: [ContainerConfiguration], _ reply: ShimMessage) async throws -> RecoveredSandbox? {
        if let refusal = reply.refusal { throw RuntimeFailure(.internal, refusal.explanation) }
        guard let state = reply.sandboxState else { throw RuntimeFailure(.internal, "the shim's answer has no state") }
        sandbox.setShim(state.shim)
        guard UInt32(state.state) == SWL_STATE_RUNNING.rawValue else { return nil }
        sandbox.setPause(state.pause)
        let states = Dictionary(reply.containerStates.map { ($0.id, $0.state) }, uniquingKeysWith: { $1 })
        var phases: [(ContainerConfiguration, Sandbox.ContainerPhase)] = []
        for container in left { phases.append((container, await phase(of: container.id, states[container.id], in: sandbox))) }
        let containers = goOn(sandbox, phases)
        await endUnknown(in: sandbox, states)
        if sandbox.pauseHasEnded { await pauseEnded(sandbox) }
        if sandbox.connection?.isClosed ?? true { lost(sandbox) }
        return recovered(sandbox, isRunning: true, containers)
    }

    private func phase(of id: String, _ state: swl_container_state?, in sandbox: Sandbox) async -> Sandbox.ContainerPhase {
        switch state.map({ swl_state(UInt32($0.state)) }) {
        case SWL_STATE_RUNNING?:
            guard let process = state?.process else { return .neverStarted }
            return .running(StartedContainer(id: id, pid: process.pid, startedAt: Timestamp(unixNanoseconds: process.started_at)))
        case SWL_STATE_EXITED?:
            if let exit = state?.exit, exit.magic == SWL_EXIT_MAGIC { return .exited(ContainerExit(exit)) }
            return .exited(Self.exit(nil, nil))
        default:
            if state == nil, case .exited(let exit) = await lastSeen(id, in: sandbox).phase { return .exited(exit) }
            // Nobody waits for this start any more: whoever wants the container starts it again.
            await fence(id, in: sandbox)
            return .neverStarted
        }
    }

    /// The shim's process is there and says nothing: the pod goes on as its files say that it is, until the shim is heard. `nil` when there is
    /// no pod to go on.
    private func resume(
        _ sandbox: Sandbox, _ left: [ContainerConfiguration], _ asked: ShimConnection.PendingReply?
    ) async -> RecoveredSandbox? {
        guard let pause = sandbox.pause, pause.exists else { return nil }
        logger.warning("a shim does not answer; its pod is left as it is", metadata: ["sandbox": .string(sandbox.id)])
        var phases: [(ContainerConfiguration, Sandbox.ContainerPhase)] = []
        for container in left {
            var (phase, state) = await lastSeen(container.id, in: sandbox)
            // Nobody waits for its start any more.
            if case .running = phase, UInt32(state?.state ?? 0) != SWL_STATE_RUNNING.rawValue { phase = .neverStarted }
            if case .running = phase {} else { await fence(container.id, in: sandbox) }
            phases.append((container, phase))
        }
        let containers = goOn(sandbox, phases)
        if sandbox.beginPursuit() { pursue(sandbox, asked) }
        return recovered(sandbox, isRunning: true, containers)
    }

    /// From here on the sandbox lives by what it is told; what has ended since its containers were looked at is told now.
    /// - Returns: the containers as they were found.
    private func goOn(
        _ sandbox: Sandbox, _ containers: [(ContainerConfiguration, Sandbox.ContainerPhase)]
    ) -> [RecoveredSandbox.Container] {
        let late = containers.compactMap { container, phase in sandbox.adopt(container, phase).map { (container.id, $0) } }
        sandbox.enter(.running)
        for (id, exit) in late { tell(.containerExited(sandboxID: sandbox.id, containerID: id, exit)) }
        return containers.map { RecoveredSandbox.Container(configuration: $0, condition: $1.recovered) }
    }

    /// A container by the shim's files: only where the shim is not there to be asked. What cannot be read has run and ended, nobody knows how.
    private func lastSeen(_ id: String, in sandbox: Sandbox) async -> (phase: Sandbox.ContainerPhase, state: swl_container_state?) {
        let paths = sandbox.paths.container(id)
        do {
            return try await pool.run("read container") {
                if let exit = try ContainerStateFile.exit(at: paths.exit) { return (.exited(ContainerExit(exit)), nil) }
                guard let state = try ContainerStateFile.container(at: paths.state) else { return (.neverStarted, nil) }
                let startedAt = Timestamp(unixNanoseconds: state.process.started_at)
                return (.running(StartedContainer(id: id, pid: state.process.pid, startedAt: startedAt)), state)
            }
        } catch {
            logger.error("how a container ended cannot be read", metadata: ["error": .string("\(error)")])
            return (.exited(Self.exit(nil, nil)), nil)
        }
    }

    /// The shim is gone: ends what it left, and says how everything ended as far as it is recorded.
    private func bury(_ sandbox: Sandbox, _ left: [ContainerConfiguration]) async throws -> RecoveredSandbox {
        for container in left {
            let (seen, state) = await lastSeen(container.id, in: sandbox)
            var phase = seen
            if case .running(let started) = seen {
                if let state { kill(ProcessIdentity(pid: state.process.pid, startTime: state.process.start_time)) }
                phase = .exited(Self.exit(nil, started))
            }
            _ = sandbox.adopt(container, phase)
        }
        if let pause = sandbox.pause { kill(pause) }
        // The rest by cgroup.kill, and its shim as well, should one be left without a sandbox.
        try await stop(sandbox)
        return recovered(sandbox, isRunning: false, sandbox.recoveredContainers)
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

extension Sandbox {
    fileprivate var recoveredContainers: [RecoveredSandbox.Container] {
        containers.values.sorted { $0.configuration.id < $1.configuration.id }
            .map { RecoveredSandbox.Container(configuration: $0.configuration, condition: $0.phase.recovered) }
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
