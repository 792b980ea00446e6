import Glibc
import LinuxCgroups
import LinuxSystem
import Logging
import PodCore
import ShimClient

/// Performs the actions of sandboxes and feeds their results back.
extension ShimRuntime {
    /// Performs actions in their order.
    /// - Parameter asked: the question to the shim that a pursuit begins with.
    func perform(_ actions: [SandboxAction], of sandbox: Sandbox, asked: ShimConnection.PendingReply? = nil) async {
        for action in actions { await perform(action, of: sandbox, asked: asked) }
    }

    func perform(_ action: SandboxAction, of sandbox: Sandbox, asked: ShimConnection.PendingReply? = nil) async {
        switch action {
        case .log(let message): log(message, sandbox)
        case .pursue(let step): pursue(sandbox, step, asked)
        case .requestShutdown: await requestShutdown(sandbox)
        case .shutDown: await shutDown(sandbox)
        case .killCgroups:
            await killCgroups(of: sandbox)
            await perform(sandbox.handle(.killed), of: sandbox)
        case .kill(let process): try? process.open().signal(SIGKILL)
        case .fence(let id): await fence(id, in: sandbox)
        case .fenceUnknown(let id):
            logger.error(
                "Container without an owner is ended", metadata: ["sandbox": .string(sandbox.id), "container": .string(id)])
            await fence(id, in: sandbox)
        case .drop(let id):
            if let connection = sandbox.connection { await forget(id, connection) }
        case .readExit(let id, let started):
            let exit = await recordedExit(id, in: sandbox) ?? .unknown(started, now: .now)
            await perform(sandbox.handle(.exitRead(id, exit)), of: sandbox)
        case .compressLog(let id):
            if let container = sandbox.container(id) { logCompressor.compress(container.configuration.log.path) }
        case .reportExit(let id, let exit): report(.containerExited(sandboxID: sandbox.id, containerID: id, exit))
        case .reportEnd: reportEnd(of: sandbox)
        case .closeConnection: sandbox.connection?.close()
        // `stop` performs the first, the sandbox itself the others.
        case .removeProcesses, .fulfilEnd, .fulfilExec: break
        }
    }

    private func log(_ message: SandboxAction.Message, _ sandbox: Sandbox) {
        let metadata: Logger.Metadata = ["sandbox": .string(sandbox.id), "pod": .string("\(sandbox.configuration.pod)")]
        switch message {
        case .shimIsSilent: logger.warning("Shim does not answer; its process is alive", metadata: metadata)
        case .shimAnswersAgain: logger.notice("Shim answers again", metadata: metadata)
        case .shimHasEnded: logger.error("Shim of a sandbox has ended", metadata: metadata)
        case .pauseHasEnded: logger.warning("Pause process of a sandbox has ended", metadata: metadata)
        }
    }

    /// Ends a container and removes its cgroup. The kernel clones nothing into a removed cgroup, so a launch that the shim comes to later
    /// cannot start the container.
    func fence(_ id: String, in sandbox: Sandbox) async {
        do {
            try await sandbox.cgroup.child(id).remove(timeout: Self.patience)
        } catch {
            logger.error(
                "Container cannot be ended",
                metadata: ["sandbox": .string(sandbox.id), "container": .string(id), "error": .string("\(error)")])
        }
    }

    private func recordedExit(_ id: String, in sandbox: Sandbox) async -> ContainerExit? {
        let path = sandbox.paths.container(id).exit
        let recorded = try? await uncancelled { [pool] in try await pool.run("read exit") { try ContainerStateFile.exit(at: path) } }
        return (recorded ?? nil).map { ContainerExit($0) }
    }

    private func killCgroups(of sandbox: Sandbox) async {
        do {
            let all = try await pool.run("kill") {
                let all = try Self.cgroups(of: sandbox)
                for cgroup in all { try cgroup.kill() }
                return all
            }
            for cgroup in all { try await cgroup.waitUntilEmpty(timeout: Self.patience) }
        } catch {
            logger.error("Lost sandbox cannot be ended", metadata: ["sandbox": .string(sandbox.id), "error": .string("\(error)")])
        }
    }

    /// May be repeated: a pod that still makes its sandbox does not react to the sandbox's end.
    func reportEnd(of sandbox: Sandbox) {
        sandbox.handle(.endReported)
        report(.sandboxEnded(sandboxID: sandbox.id))
    }
}
