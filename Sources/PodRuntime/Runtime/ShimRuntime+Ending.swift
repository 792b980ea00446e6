import CLinux
import Glibc
import LinuxCgroups
import LinuxSystem
import Logging
import PodCore
import ShimClient

/// How sandboxes end: on request, or by themselves.
extension ShimRuntime {
    /// How long each of the ways to end a sandbox is given before the next one.
    static let patience = Duration.seconds(10)

    /// Ends every process of the sandbox, in bounded time, and takes its mounts and cgroups away. Repeating it is no error.
    func stop(_ sandbox: Sandbox) async throws(RuntimeFailure) {
        let before = sandbox.enter(.stopping)
        do {
            // To the end, also when the caller has gone: an impatient stop would kill a shim that is just about to write exit records.
            try await uncancelled { [self] in
                if case .stopped = before {} else { await shutDown(sandbox) }
                FailPoint.reach("sandbox.shut-down")
                try await removeProcesses(sandbox)
                FailPoint.reach("sandbox.emptied")
            }
        } catch {
            sandbox.enter(.lost)
            throw RuntimeFailure(translating: error, during: "stop sandbox \(sandbox.id)", .internal)
        }
        sandbox.connection?.close()
        await reportEnds(sandbox)
        sandbox.enter(.stopped)
    }

    /// The shim ends its containers, then the pause, then itself. One that does not is killed: cgroup.kill does its work.
    private func shutDown(_ sandbox: Sandbox) async {
        // Of an earlier agent and not recovered, or of a creation that broke off: a shim may be there all the same.
        if sandbox.connection?.isClosed ?? true { _ = try? await connect(to: sandbox) }
        if let connection = sandbox.connection, !connection.isClosed {
            _ = try? await connection.request(SWL_VERB_SHUTDOWN, timeout: Self.patience)
        }
        guard let process = try? sandbox.shim?.open() else { return }
        do {
            try await process.waitForExit(timeout: .seconds(2))
        } catch {
            logger.warning("a shim does not end and is killed", metadata: ["sandbox": .string(sandbox.id), "pid": .stringConvertible(process.pid)])
            try? process.signal(SIGKILL)
            try? await process.waitForExit(timeout: Self.patience)
        }
    }

    /// Kills what is left, and removes the cgroups of the pause and the containers, the mount, and the pod's cgroup if it was the last sandbox.
    private func removeProcesses(_ sandbox: Sandbox) async throws {
        // As a rule the shim has ended everything, and all of it goes at once.
        let busy = try await pool.run("remove cgroups") { [self] in
            let busy = try Self.cgroups(of: sandbox).filter { try !$0.removeIfEmpty() }
            if busy.isEmpty { try removePlace(of: sandbox) }
            return busy
        }
        guard !busy.isEmpty else { return }
        for cgroup in busy { try await cgroup.remove(timeout: Self.patience) }
        try await pool.run("unmount") { [self] in try removePlace(of: sandbox) }
    }

    /// Nothing of the sandbox runs any more. Blocking.
    private func removePlace(of sandbox: Sandbox) throws {
        balanceLevels()
        try Self.unmount(sandbox.paths.sharedMemory)
        let pod = sandbox.cgroup.path
        // Refused while another sandbox of the pod lives in it: then it is not the last one.
        _ = try? systemCall("rmdir", pod) { rmdir(pod) }
    }

    static func unmount(_ path: String) throws(SystemError) {
        do throws(SystemError) {
            try Mounts.unmount(path, lazily: true)
        } catch {
            // EINVAL: nothing is mounted there.
            guard error.is(EINVAL) || error.isNotFound else { throw error }
        }
    }

    /// The cgroups of the pause and of every container, known or only on disk. Blocking.
    private static func cgroups(of sandbox: Sandbox) throws -> [Cgroup] {
        let ids = Set(try DirectoryListing.names(at: sandbox.paths.containers)).union(sandbox.containers.keys)
        // The pause last: the containers' namespaces are held by it.
        return try (ids.sorted() + [sandbox.id]).map { id in try sandbox.cgroup.child(id) }.filter(\.exists)
    }

    /// Tells the exits that nobody told: of a shim that was killed, and after its end of the connection.
    private func reportEnds(_ sandbox: Sandbox) async {
        sandbox.allExecsEnded()
        for (id, container) in sandbox.containers {
            if case .running(let started) = container.phase { await settle(id, started, in: sandbox) }
        }
    }

    /// Nothing of a container runs any more: tells its end as it is recorded, or that nobody knows it.
    func settle(_ id: String, _ started: StartedContainer, in sandbox: Sandbox) async {
        let path = sandbox.paths.container(id).exit
        let recorded = try? await uncancelled { [pool] in try await pool.run("read exit") { try ContainerStateFile.exit(at: path) } }
        exited(id, Self.exit(recorded ?? nil, started), in: sandbox)
    }

    /// Tells an end, unless it was told.
    func exited(_ id: String, _ exit: ContainerExit, in sandbox: Sandbox) {
        if sandbox.exited(id, exit) { tell(.containerExited(sandboxID: sandbox.id, containerID: id, exit)) }
    }

    /// What is recorded, or the guess that Kubernetes makes as well: 137.
    static func exit(_ recorded: swl_exit?, _ started: StartedContainer?) -> ContainerExit {
        if let recorded { return ContainerExit(recorded) }
        return ContainerExit(startedAt: started?.startedAt, finishedAt: .now, exitCode: 137, signal: Int(SIGKILL), isKnown: false)
    }

    /// The shim is dead. Its processes must not live on without anyone who watches them.
    func endLost(_ sandbox: Sandbox) async {
        guard sandbox.enterLost() else { return }
        logger.error("the shim of a sandbox has ended", metadata: ["sandbox": .string(sandbox.id), "pod": .string("\(sandbox.configuration.pod)")])
        do {
            let all = try await pool.run("kill") {
                let all = try Self.cgroups(of: sandbox)
                for cgroup in all { try cgroup.kill() }
                return all
            }
            for cgroup in all { try await cgroup.waitUntilEmpty(timeout: Self.patience) }
        } catch {
            logger.error("a lost sandbox cannot be ended", metadata: ["sandbox": .string(sandbox.id), "error": .string("\(error)")])
        }
        await reportEnds(sandbox)
        tellEnd(of: sandbox)
    }

    /// May be repeated: a pod does not listen for the end of a sandbox that it is still making.
    func tellEnd(of sandbox: Sandbox) {
        sandbox.noteEndTold()
        tell(.sandboxEnded(sandboxID: sandbox.id))
    }

    /// Without its pause a sandbox has no network left to give to a new container: the shim ends the rest and itself, which `endLost` reports.
    func pauseEnded(_ sandbox: Sandbox) async {
        // Told while the sandbox is being made or found again, it is looked at when that is done.
        guard sandbox.notePauseEnd(), let connection = sandbox.connection else { return }
        logger.warning("the pause process of a sandbox has ended", metadata: ["sandbox": .string(sandbox.id)])
        do {
            let reply = try await connection.begin(SWL_VERB_SHUTDOWN, timeout: Self.patience)
            let shim = sandbox.shim
            reply.onGiven { result in
                guard case .failure = result else { return }
                try? shim?.open().signal(SIGKILL)
            }
        } catch {
            try? sandbox.shim?.open().signal(SIGKILL)
        }
    }
}
