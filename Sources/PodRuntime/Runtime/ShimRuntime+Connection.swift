import CLinux
import Glibc
import LinuxCgroups
import LinuxSystem
import Logging
import PodCore
import ShimClient

/// What is heard from a sandbox's shim, and what becomes of one that is not heard.
extension ShimRuntime {
    /// Connects to the shim of a sandbox; from then on its events arrive here.
    @discardableResult
    func connect(to sandbox: Sandbox) async throws -> ShimConnection {
        let id = sandbox.id
        let connection = try await ShimConnection.connect(
            directory: sandbox.paths.directory, socket: ShimConnection.socketName, peer: "the shim of sandbox \(id)",
            onEvent: { [weak self, weak sandbox] message in
                if let self, let sandbox { await self.handle(message, of: sandbox) }
            },
            onEnd: { [weak self, weak sandbox] in
                if let self, let sandbox { self.lost(sandbox) }
            })
        if let pid = connection.peer?.pid, let process = try? ProcessIdentity(of: pid) { sandbox.noteShim(process) }
        sandbox.connect(connection)
        return connection
    }

    /// Asks for everything that there is to know. The answer may take as long as the connection lasts.
    func ask(_ connection: ShimConnection) async throws(RuntimeFailure) -> ShimConnection.PendingReply {
        // Subscribed first: what ends between the two is in the answer, and told again only if it is not.
        _ = try await connection.begin(SWL_VERB_SUBSCRIBE, timeout: nil)
        return try await connection.begin(SWL_VERB_QUERY, timeout: nil)
    }

    private func handle(_ message: ShimMessage, of sandbox: Sandbox) async {
        switch swl_type(message.type) {
        case SWL_EVENT_EXITED:
            guard let id = message.containerID else { return }
            exited(id, Self.exit(message.exit, nil), in: sandbox)
            guard case .running = sandbox.phase, sandbox.container(id) == nil, let connection = sandbox.connection else { return }
            // Given up here while it still ran there.
            await forget(id, connection)
        case SWL_EVENT_EXEC_EXITED:
            guard let id = message.execID else { return }
            sandbox.execEnded(id, .success(Self.exit(message.exit, nil)))
        case SWL_EVENT_SANDBOX_EXITED:
            await pauseEnded(sandbox)
        case SWL_EVENT_LOG_ROTATED:
            if let id = message.containerID, let container = sandbox.container(id) { logCompressor.compress(container.configuration.log.path) }
        case SWL_EVENT_WARNING:
            for warning in message.warnings {
                logger.warning(
                    "a shim reports a problem",
                    metadata: [
                        "sandbox": .string(sandbox.id), "container": .string(message.containerID ?? ""), "problem": .string(warning.explanation),
                    ])
            }
        default:
            break
        }
    }

    /// Lets the shim forget an ended container. Nobody waits for it: requests are answered in order, and what is launched later has another id.
    func forget(_ containerID: String, _ connection: ShimConnection) async {
        _ = try? await connection.begin(SWL_VERB_REMOVE, timeout: nil) { $0.string(SWL_TAG_CONTAINER_ID, containerID) }
    }

    // MARK: A shim that is not heard

    /// The connection ended without being asked to. A shim hangs up on an agent that was stopped for too long, and is none the worse for it:
    /// only one whose process has ended is taken for dead.
    func lost(_ sandbox: Sandbox) {
        guard sandbox.beginPursuit() else { return }
        pursue(sandbox, nil)
    }

    private static let shortestPause = Duration.milliseconds(20)
    private static let longestPause = Duration.seconds(10)

    /// Connects and asks until the shim has answered, has ended, or its sandbox is stopped. The shim is asked once for each connection: one that
    /// is slow or stopped finds the question when it goes on.
    /// - Parameter asked: what it was asked already.
    func pursue(_ sandbox: Sandbox, _ asked: ShimConnection.PendingReply?) {
        let task = Task { [weak self, weak sandbox] in
            var asked = asked
            var execs: Set<String> = sandbox?.execIDs ?? []
            var pause = Self.shortestPause
            while true {
                if let answer = await asked?.value() {
                    guard let self, let sandbox else { return }
                    if await self.catchUp(sandbox, answer, execs: execs) { return }
                }
                let hasEnded = await Self.hasEnded(sandbox?.shim, within: pause)
                guard let self, let sandbox, case .running = sandbox.phase, !Task.isCancelled else { return }
                if hasEnded { return await self.endLost(sandbox) }
                if pause == Self.shortestPause {
                    self.logger.warning("a shim is not heard, its process is there", metadata: ["sandbox": .string(sandbox.id)])
                }
                pause = min(pause * 2, Self.longestPause)
                // The next connection brings the ends only of those that are asked for through it.
                execs.formUnion(sandbox.execIDs)
                asked = try? await self.ask(self.connect(to: sandbox))
            }
        }
        sandbox.setPursuit(task)
    }

    /// Whether the process is gone, or ends within so long.
    static func hasEnded(_ process: ProcessIdentity?, within patience: Duration) async -> Bool {
        guard let process else { return true }
        do {
            try await process.open().waitForExit(timeout: patience)
            return true
        } catch let error as SystemError {
            return error.is(ESRCH) || error.isNotFound
        } catch {
            // Cancelled.
            return false
        }
    }

    /// Takes what has happened while the shim was not heard out of its answer.
    /// - Parameter execs: those whose ends may have been missed.
    /// - Returns: whether there is nothing more to try.
    private func catchUp(_ sandbox: Sandbox, _ answer: Result<ShimMessage, RuntimeFailure>, execs: Set<String>) async -> Bool {
        guard case .running = sandbox.phase else { return true }
        guard case .success(let reply) = answer, reply.refusal == nil, let state = reply.sandboxState else { return false }
        let states = Dictionary(reply.containerStates.map { ($0.id, $0.state) }, uniquingKeysWith: { $1 })
        for (id, container) in sandbox.containers { await catchUp(sandbox, container, states[id]) }
        await endUnknown(in: sandbox, states)
        for id in execs.subtracting(reply.runningExecs) {
            sandbox.execEnded(id, .failure(RuntimeFailure(.internal, "the command has ended while its pod's shim was not heard: nobody saw how")))
        }
        logger.notice("a shim is heard again", metadata: ["sandbox": .string(sandbox.id)])
        if UInt32(state.state) != SWL_STATE_RUNNING.rawValue { await pauseEnded(sandbox) }
        return sandbox.endPursuit()
    }

    private func catchUp(_ sandbox: Sandbox, _ container: Sandbox.Container, _ state: swl_container_state?) async {
        let id = container.configuration.id
        let runs = state.map { swl_state(UInt32($0.state)) != SWL_STATE_EXITED } ?? false
        switch container.phase {
        case .running(let started):
            logCompressor.compress(container.configuration.log.path)
            guard !runs else { return }
            if let exit = state?.exit, exit.magic == SWL_EXIT_MAGIC { return exited(id, ContainerExit(exit), in: sandbox) }
            await fence(id, in: sandbox)
            await settle(id, started, in: sandbox)
        case .exited, .neverStarted:
            // Its end is told already.
            if runs { await fence(id, in: sandbox) }
        case .launching:
            // Whoever launches it hears of it, or undoes it.
            break
        }
    }

    /// Ends what the shim has and nobody here can manage: launched by an agent that did not live to see it, given up, or without a record.
    func endUnknown(in sandbox: Sandbox, _ states: [String: swl_container_state]) async {
        guard let connection = sandbox.connection else { return }
        for (id, state) in states where sandbox.container(id) == nil {
            if swl_state(UInt32(state.state)) != SWL_STATE_EXITED {
                logger.error(
                    "a container that nobody can manage is ended", metadata: ["sandbox": .string(sandbox.id), "container": .string(id)])
                await fence(id, in: sandbox)
            }
            await forget(id, connection)
        }
    }

    /// Ends a container and takes its cgroup away. From then on it cannot be started either, by a launch that the shim has still to come to: the
    /// kernel clones nothing into a cgroup that was removed.
    func fence(_ id: String, in sandbox: Sandbox) async {
        do {
            try await sandbox.cgroup.child(id).remove(timeout: Self.patience)
        } catch {
            logger.error(
                "a container cannot be ended",
                metadata: ["sandbox": .string(sandbox.id), "container": .string(id), "error": .string("\(error)")])
        }
    }
}
