import CLinux
import Glibc
import KubeModel
import LinuxCgroups
import LinuxSystem
import Logging
package import PodCore
import ShimClient

/// Finds what an earlier agent left. The kernel and the shims are asked; files count only where neither can answer.
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

    /// Writable layers outlive the boot, their containers do not. Layers that no sandbox's folder names are removed in the background.
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
                    logger.warning("Old writable layer cannot be removed", metadata: ["error": .string("\(error)")])
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

    /// The sandbox's processes by the shim's file. The shim's own answer counts more, so a damaged file is like a missing one. Blocking.
    static func state(at paths: SandboxPaths) -> swl_sandbox_state? {
        (try? ContainerStateFile.sandbox(at: paths.state)) ?? nil
    }

    private enum Left: Sendable {
        case unborn
        case sandbox(Sandbox, [ContainerConfiguration], unreadable: [String])
        case unreadable(RuntimeFailure)
    }

    /// - Throws: if files cannot be read that may be intact (no descriptors left, for example). Their content must not be guessed, so the
    ///   agent does not start then.
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
            logger.error("Folder does not belong to a sandbox", metadata: ["directory": .string(paths.directory), "error": .string("\(error)")])
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
        // Logs were rotated while no agent was there.
        for container in left { logCompressor.compress(container.log.path) }
        var asked: ShimConnection.PendingReply?
        var answer: ShimReport?
        do {
            asked = try await ask(connect(to: sandbox))
            if case .success(let reply)? = await asked?.value(within: Self.answerPatience) {
                answer = try ShimReport(reply)
                sandbox.takeProcesses(reply.sandboxState)
            }
        } catch {
            logger.notice("Shim of a sandbox does not answer", metadata: ["sandbox": .string(sandbox.id), "error": .string("\(error)")])
        }
        var step = SandboxMachine.RecoveryStep(answer: answer)
        if step == .look {
            step = await SandboxMachine.RecoveryStep(shimLives: !isDead(sandbox), pauseLives: sandbox.pause?.exists ?? false)
        }
        do {
            switch step {
            case .goOn(let report): return await goOn(sandbox, left, report)
            case .resume: return await resume(sandbox, left, asked)
            case .bury, .look: return try await bury(sandbox, left)
            }
        } catch {
            logger.error(
                "Sandbox of an earlier agent cannot be ended yet; its pod waits for that",
                metadata: ["sandbox": .string(sandbox.id), "error": .string("\(error)")])
            return held(sandbox)
        }
    }

    private func isDead(_ sandbox: Sandbox) async -> Bool {
        guard sandbox.connection?.isClosed ?? true else { return false }
        return await Self.hasEnded(sandbox.shim, within: Self.answerPatience, settings.time)
    }

    /// The pod goes on as its shim reports it.
    private func goOn(_ sandbox: Sandbox, _ left: [ContainerConfiguration], _ report: ShimReport) async -> RecoveredSandbox {
        let traces = await traces(of: SandboxMachine.unexplained(left, by: report), in: sandbox)
        let (found, actions) = sandbox.goOn(left, report, traces)
        await perform(actions, of: sandbox)
        return recovered(sandbox, isRunning: true, found)
    }

    /// The pod goes on as its files describe it, until its shim answers.
    private func resume(
        _ sandbox: Sandbox, _ left: [ContainerConfiguration], _ asked: ShimConnection.PendingReply?
    ) async -> RecoveredSandbox {
        logger.warning("Shim does not answer; its pod is left as it is", metadata: ["sandbox": .string(sandbox.id)])
        let traces = await traces(of: left.map(\.id), in: sandbox)
        let (found, actions) = sandbox.resume(left, traces, isAsked: asked != nil)
        await perform(actions, of: sandbox, asked: asked)
        return recovered(sandbox, isRunning: true, found)
    }

    /// The shim has ended: ends everything that it left.
    private func bury(_ sandbox: Sandbox, _ left: [ContainerConfiguration]) async throws -> RecoveredSandbox {
        await perform(sandbox.bury(left, await traces(of: left.map(\.id), in: sandbox)), of: sandbox)
        // The rest by cgroup.kill, and its shim as well, should one be left without a sandbox.
        try await stop(sandbox)
        return recovered(sandbox, isRunning: false, sandbox.sortedContainers)
    }

    /// The files of containers, which count only where the shim cannot be asked.
    private func traces(of ids: [String], in sandbox: Sandbox) async -> [String: ContainerTrace] {
        var traces: [String: ContainerTrace] = [:]
        for id in ids {
            let paths = sandbox.paths.container(id)
            do {
                traces[id] = try await pool.run("read container") { try ContainerTrace.read(id, at: paths) }
            } catch {
                logger.error("Record of a container's exit cannot be read", metadata: ["error": .string("\(error)")])
                traces[id] = .damaged
            }
        }
        return traces
    }

    /// A sandbox that has ended and whose processes cannot be ended: its pod stops it again and starts nothing before that has worked.
    /// Its addresses stay its own until then.
    func held(_ sandbox: Sandbox) -> RecoveredSandbox {
        reportEnd(of: sandbox)
        return RecoveredSandbox(
            configuration: sandbox.configuration, createdAt: Timestamp(unixNanoseconds: sandbox.document.createdAt), addresses: [],
            isRunning: true, networkNamespacePath: nil, containers: sandbox.sortedContainers.map(\.recovered))
    }

    /// Removes a sandbox without a record, of which at most the shim runs.
    private func clear(unborn paths: SandboxPaths) async {
        let shim = try? await ShimConnection.connect(
            directory: paths.directory, socket: ShimConnection.socketName, peer: "the shim of a sandbox without a record", onEvent: { _ in },
            onEnd: {})
        if let shim {
            let process = shim.peer.flatMap { try? ProcessIdentity(of: $0.pid) }
            if (try? await shim.request(SWL_VERB_SHUTDOWN, timeout: Self.answerPatience)) == nil, let process { try? process.open().signal(SIGKILL) }
            shim.close()
        }
        do {
            try await pool.run("remove a sandbox that was not made") { try TreeRemoval.remove(paths.directory) }
        } catch {
            logger.error(
                "Files of a sandbox that was not made cannot be removed",
                metadata: ["directory": .string(paths.directory), "error": .string("\(error)")])
        }
    }

    /// The containers with a record that can be read, and the ids of the others, which cannot be managed.
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
                logger.error("Record of a container cannot be read; its processes are ended", metadata: ["error": .string("\(error)")])
                unreadable.append(id)
            }
        }
        return (containers, unreadable)
    }

    private func recovered(_ sandbox: Sandbox, isRunning: Bool, _ containers: [SandboxContainer]) -> RecoveredSandbox {
        let document = sandbox.document
        return RecoveredSandbox(
            configuration: document.configuration, createdAt: Timestamp(unixNanoseconds: document.createdAt), addresses: document.addresses,
            isRunning: isRunning, networkNamespacePath: isRunning ? sandbox.pause.map { Self.networkNamespace($0.pid) } : nil,
            containers: containers.map(\.recovered))
    }
}

extension Sandbox {
    fileprivate var sortedContainers: [SandboxContainer] { containers.values.sorted { $0.configuration.id < $1.configuration.id } }
}
