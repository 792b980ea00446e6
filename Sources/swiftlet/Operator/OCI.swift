import ArgumentParser
import OCIRuntime
import UnixSignals

/// `swiftlet oci`: the command line of an OCI runtime, parsed by `OCICommand` because its form is fixed by the programs that call it.
struct OCI: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run a container from an OCI bundle.",
        discussion: "The command line of an OCI runtime: create, start, state, kill, delete, run. 'swiftlet oci --help' tells more.")

    @Argument(parsing: .captureForPassthrough)
    var arguments: [String] = []

    func run() async throws {
        let code = await OCICommand.run(arguments, version: Version.swiftlet) { await Self.signals() }
        if code != 0 { throw ExitCode(code) }
    }

    /// Returns the signals that this program forwards to a container in the foreground.
    private static func signals() async -> AsyncStream<Int32> {
        let signals = await UnixSignalsSequence(trapping: .sighup, .sigint, .sigquit, .sigterm, .sigusr1, .sigusr2, .sigwinch)
        let (stream, sink) = AsyncStream.makeStream(of: Int32.self)
        let forwarding = Task {
            for await signal in signals { sink.yield(signal.rawValue) }
        }
        sink.onTermination = { _ in forwarding.cancel() }
        return stream
    }
}
