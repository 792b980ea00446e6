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

    /// Ends every process of the sandbox, in bounded time, and takes its mounts and cgroups away. May be repeated.
    func stop(_ sandbox: Sandbox) async throws(RuntimeFailure) {
        let actions = sandbox.handle(.stopAsked)
        do {
            // To the end, also when the caller is cancelled: an impatient stop would kill a shim that is just about to write exit records.
            try await uncancelled { [self] in
                await perform(actions, of: sandbox)
                FailPoint.reach("sandbox.shut-down")
                try await removeProcesses(sandbox)
                FailPoint.reach("sandbox.emptied")
            }
        } catch {
            sandbox.handle(.stopFailed)
            throw RuntimeFailure(translating: error, during: "stop sandbox \(sandbox.id)", .internal)
        }
        await perform(sandbox.handle(.emptied), of: sandbox)
    }

    /// The shim ends its containers, then the pause, then itself. One that does not is killed: cgroup.kill does its work.
    func shutDown(_ sandbox: Sandbox) async {
        // Of an earlier agent and not recovered, or of a creation that broke off: a shim may be there all the same.
        if sandbox.connection?.isClosed ?? true { _ = try? await connect(to: sandbox) }
        if let connection = sandbox.connection, !connection.isClosed {
            _ = try? await connection.request(SWL_VERB_SHUTDOWN, timeout: Self.patience)
        }
        guard let process = try? sandbox.shim?.open() else { return }
        do {
            try await process.waitForExit(timeout: .seconds(2))
        } catch {
            logger.warning("Shim does not end and is killed", metadata: ["sandbox": .string(sandbox.id), "pid": .stringConvertible(process.pid)])
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
    static func cgroups(of sandbox: Sandbox) throws -> [Cgroup] {
        let ids = Set(try DirectoryListing.names(at: sandbox.paths.containers)).union(sandbox.containers.keys)
        // The pause last: the containers' namespaces are held by it.
        return try (ids.sorted() + [sandbox.id]).map { id in try sandbox.cgroup.child(id) }.filter(\.exists)
    }

    /// The shim's answer is not waited for: the end of its process is reported by the pursuit.
    func requestShutdown(_ sandbox: Sandbox) async {
        guard let connection = sandbox.connection else { return }
        do {
            let reply = try await connection.begin(SWL_VERB_SHUTDOWN, timeout: Self.patience)
            let shim = sandbox.shim
            reply.onFulfilled { result in
                guard case .failure = result else { return }
                try? shim?.open().signal(SIGKILL)
            }
        } catch {
            try? sandbox.shim?.open().signal(SIGKILL)
        }
    }
}
