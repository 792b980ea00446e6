import HTTPTypes
import NIOCore
import PodCore
import Synchronization
import Timing

/// `/run`: a command in a container, and its output in one answer. A command that does not end or writes without end is bounded; a
/// cancelled task ends it.
struct RunCommand: Sendable {
    /// How long a command may take.
    static let timeout = Duration.seconds(120)
    /// How many bytes of output are kept. The rest is read and dropped, so that the command can go on.
    static let outputLimit = 1 << 20

    let lookup: ContainerLookup
    let runtime: any ContainerRuntime
    let time: any TimeSource

    /// The command is the query's `cmd`, split at its blanks, as kubelet splits it.
    func answer(_ address: EndpointPath.PodAddress, target: RequestTarget) async throws(Refusal) -> HTTPAnswer {
        let command = (target.value("cmd") ?? "").split(separator: " ").map(String.init)
        guard !command.isEmpty else { throw Refusal(.badRequest, "the query has no command: wanted ?cmd=<command>\n") }
        let location = try await lookup.forStream(address)
        do throws(RuntimeFailure) {
            let streams = try await runtime.exec(
                ExecRequest(
                    sandboxID: location.sandboxID, containerID: location.containerID, command: command, stdin: false, stdout: true, stderr: true,
                    timeout: Self.timeout))
            return try await result(of: streams, command)
        } catch {
            throw Refusal(.internalServerError, error.message + "\n")
        }
    }

    private func result(of streams: any ContainerStreams, _ command: [String]) async throws(RuntimeFailure) -> HTTPAnswer {
        let progress = Progress()
        async let _: Void = supervise(streams, progress)
        defer { progress.isOver.store(true, ordering: .releasing) }
        do throws(RuntimeFailure) {
            var output = ByteBuffer()
            while let part = try await streams.read() {
                switch part {
                case .stdout(let bytes), .stderr(let bytes): output.writeBytes(bytes.prefix(Self.outputLimit - output.readableBytes))
                }
            }
            let code = try await streams.exitCode()
            guard code != 0 else { return HTTPAnswer(status: .ok, contentType: "text/plain; charset=utf-8", body: .bytes(output)) }
            let text = "command '\(command.joined(separator: " "))' exited with \(code): \(String(buffer: output))"
            return .text(.internalServerError, text)
        } catch {
            await streams.terminate()
            throw error
        }
    }

    /// Ends the command when its time is over, or when this task is cancelled because the client has left.
    private func supervise(_ streams: any ContainerStreams, _ progress: Progress) async {
        // Processes that the command leaves behind may hold its output open, and write without end.
        try? await time.sleep(for: Self.timeout + .seconds(5))
        if !progress.isOver.load(ordering: .acquiring) { await streams.terminate() }
    }

    /// Once the command is over nothing is terminated: processes that it has left behind go on.
    private final class Progress: Sendable {
        let isOver = Atomic(false)
    }
}
