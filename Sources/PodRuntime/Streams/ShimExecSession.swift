import CLinux
import Glibc
import LinuxSystem
import PodCore
import ShimClient

/// A program that was started in a container for a client, with the agent's ends of its streams.
final class ShimExecSession: ExecSession {
    private let exec: RunningExec
    private let input: InputStream
    private let outputs: OutputStreams
    private let isTerminal: Bool

    /// Takes the agent's ends over. A terminal is `output`, and in another descriptor `input`.
    init(
        _ exec: RunningExec, input: OwnedFileDescriptor?, output: OwnedFileDescriptor?, error: OwnedFileDescriptor?, isTerminal: Bool
    ) throws(SystemError) {
        self.exec = exec
        self.isTerminal = isTerminal
        self.input = try InputStream(input)
        outputs = try OutputStreams(output: output, error: error)
        exec.exit.onGiven { [outputs] _ in outputs.interrupt() }
    }

    func read() async throws(RuntimeFailure) -> ExecOutput? {
        try await outputs.read { exec.exit.ifGiven != nil }
    }

    func write(_ bytes: [UInt8]) async throws(RuntimeFailure) { try await input.write(bytes) }

    /// On a terminal only this client's end: the terminal stays open, since closing it would hang up on the program.
    func closeInput() async { input.close() }

    func resize(_ size: TerminalSize) async throws(RuntimeFailure) {
        guard isTerminal else { return }
        do throws(SystemError) { try outputs.resize(size) } catch {
            throw RuntimeFailure(.internal, "the size of a terminal cannot be set: \(error)")
        }
    }

    func exitCode() async throws(RuntimeFailure) -> Int { try await exec.exit.value().get().exitCode }

    func terminate() async {
        input.close()
        await exec.kill()
        outputs.close()
    }
}

/// An exec as the shim knows it.
struct RunningExec: Sendable {
    let id: String
    let containerID: String
    let sandbox: Sandbox
    let exit: OneShot<Result<ContainerExit, RuntimeFailure>>

    /// Ends the program with everything that it started. One that has ended is no error.
    func kill() async {
        guard exit.ifGiven == nil, let connection = sandbox.connection else { return }
        _ = try? await connection.request(SWL_VERB_SIGNAL, timeout: .seconds(10)) { writer in
            writer.string(SWL_TAG_CONTAINER_ID, containerID)
            writer.string(SWL_TAG_EXEC_ID, id)
            writer.layout(SWL_TAG_SIGNAL, swl_signal(signal: SIGKILL, flags: UInt32(SWL_SIGNAL_ALL)))
        }
    }

    /// Kills it when the time is over; its exit is a failure (`.timedOut`) then, whatever the program makes of it.
    func kill(after timeout: Duration) throws(SystemError) {
        let loop = try ReadinessLoop.shared()
        let token = loop.schedule(after: timeout) { result in
            // Its exit by that very signal must not be taken for one of its own.
            guard case .failure(let reason) = result, reason.code == .timedOut, sandbox.forgetExec(id) else { return }
            // Whether or not the shim answers, whoever waits is told: by then the kill has been asked for.
            Task {
                await kill()
                exit.give(.failure(RuntimeFailure(.timedOut, "the command did not end within \(timeout) and was killed")))
            }
        }
        exit.onGiven { _ in loop.cancel(token) }
    }
}
