import CLinux
import LinuxSystem
import Logging
import PodCore
import ShimClient

/// The connection to a sandbox's shim, and the events that arrive over it.
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
                if let self, let sandbox { await self.perform(sandbox.handle(.connectionEnded), of: sandbox) }
            })
        if let pid = connection.peer?.pid, let process = try? ProcessIdentity(of: pid) { sandbox.noteShim(process) }
        sandbox.connect(connection)
        return connection
    }

    /// Asks for everything that the shim knows. The answer may take as long as the connection lasts.
    func ask(_ connection: ShimConnection) async throws(RuntimeFailure) -> ShimConnection.PendingReply {
        // Subscribed first: an exit between the two is in the answer and may be reported besides.
        _ = try await connection.begin(SWL_VERB_SUBSCRIBE, timeout: nil)
        return try await connection.begin(SWL_VERB_QUERY, timeout: nil)
    }

    private func handle(_ message: ShimMessage, of sandbox: Sandbox) async {
        switch swl_type(message.type) {
        case SWL_EVENT_EXITED:
            guard let id = message.containerID else { return }
            await perform(sandbox.handle(.containerExited(id, Self.exit(message))), of: sandbox)
        case SWL_EVENT_EXEC_EXITED:
            guard let id = message.execID else { return }
            await perform(sandbox.handle(.execExited(id, Self.exit(message))), of: sandbox)
        case SWL_EVENT_SANDBOX_EXITED:
            await perform(sandbox.handle(.pauseEnded), of: sandbox)
        case SWL_EVENT_LOG_ROTATED:
            if let id = message.containerID { await perform([.compressLog(id)], of: sandbox) }
        case SWL_EVENT_WARNING:
            for warning in message.warnings {
                logger.warning(
                    "Shim reports a problem",
                    metadata: [
                        "sandbox": .string(sandbox.id), "container": .string(message.containerID ?? ""), "problem": .string(warning.explanation),
                    ])
            }
        default:
            break
        }
    }

    private static func exit(_ message: ShimMessage) -> ContainerExit {
        message.exit.map { ContainerExit($0) } ?? .unknown(nil, now: .now)
    }

    /// Lets the shim forget an ended container, without waiting for its answer: requests are answered in order, and later launches have
    /// other ids.
    func forget(_ containerID: String, _ connection: ShimConnection) async {
        _ = try? await connection.begin(SWL_VERB_REMOVE, timeout: nil) { $0.string(SWL_TAG_CONTAINER_ID, containerID) }
    }
}
