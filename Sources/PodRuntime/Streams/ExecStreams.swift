import CLinux
import Glibc
import LinuxSystem
import PodCore
import ShimClient

/// A program that was started in a container for a client, with the agent's ends of its streams.
final class ExecStreams: ContainerStreams {
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
        exec.exit.onFulfilled { [outputs] _ in outputs.interrupt() }
    }

    func read() async throws(RuntimeFailure) -> StreamOutput? {
        try await outputs.read { exec.exit.ifFulfilled != nil }
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
