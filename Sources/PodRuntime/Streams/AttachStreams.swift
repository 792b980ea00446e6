import CLinux
import LinuxSystem
import PodCore
import ShimClient
import Synchronization

/// A client beside the log of a running container. Whatever it does, the container goes on.
final class AttachStreams: ContainerStreams {
    private let containerID: String
    private let connection: ShimConnection
    private let isTerminal: Bool
    private let input: InputStream
    private let outputs: OutputStreams
    private let hasOutputs: Bool
    private let ended: Promise<Void>
    /// Fulfilled when the container has ended or the client has left.
    private let over = Promise<Void>()
    private let pace = Mutex(Pace())

    /// The client once took so long for its output that the shim may have dropped it.
    private struct Pace {
        var given: Int64?
        var wasTooSlow = false
    }

    /// Takes the agent's ends over.
    init(
        container: Sandbox.Container, connection: ShimConnection, input: OwnedFileDescriptor?, output: OwnedFileDescriptor?,
        error: OwnedFileDescriptor?
    ) throws(SystemError) {
        containerID = container.configuration.id
        isTerminal = container.configuration.terminal
        self.connection = connection
        self.input = try InputStream(input)
        outputs = try OutputStreams(output: output, error: error)
        hasOutputs = output != nil || error != nil
        ended = container.ended
        let token = ended.onFulfilled { [over] _ in over.fulfil(()) }
        // A container may live for months, its clients come and go.
        over.onFulfilled { [ended] _ in ended.forget(token) }
    }

    func read() async throws(RuntimeFailure) -> StreamOutput? {
        let now = KernelClock.monotonic
        pace.withLock { pace in
            if let given = pace.given, now - given >= Int64(SWL_ATTACH_STALL_SECONDS) * 1_000_000_000 { pace.wasTooSlow = true }
        }
        // To the very end: the shim closes the pipes when the container has ended and everything was given.
        let output = try await outputs.read { false }
        let wasTooSlow = pace.withLock { pace in
            pace.given = KernelClock.monotonic
            return pace.wasTooSlow
        }
        if output == nil, wasTooSlow, over.ifFulfilled == nil {
            throw RuntimeFailure(
                .internal, "the container's output was not taken for \(SWL_ATTACH_STALL_SECONDS) s, so it went on without this client: attach again")
        }
        return output
    }

    func write(_ bytes: [UInt8]) async throws(RuntimeFailure) { try await input.write(bytes) }

    func closeInput() async { input.close() }

    func resize(_ size: TerminalSize) async throws(RuntimeFailure) {
        guard isTerminal else { return }
        let reply = try await connection.request(SWL_VERB_RESIZE, timeout: .seconds(10)) { writer in
            writer.string(SWL_TAG_CONTAINER_ID, containerID)
            writer.layout(SWL_TAG_CONSOLE_SIZE, swl_console_size(rows: size.rows, columns: size.columns, width: 0, height: 0))
        }
        if let refusal = reply.refusal, !refusal.isGone {
            throw refusal.failure(.internal, "the size of the container's terminal cannot be set")
        }
    }

    func exitCode() async throws(RuntimeFailure) -> Int {
        if !hasOutputs { await over.value() }
        return 0
    }

    func terminate() async {
        over.fulfil(())
        input.close()
        outputs.close()
    }
}
