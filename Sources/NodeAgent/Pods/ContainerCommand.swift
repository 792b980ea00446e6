import PodCore

/// A command of a probe or a lifecycle hook in a running container.
struct ContainerCommand: Sendable {
    /// How much of each stream is kept, in bytes. The rest is read and dropped, so that the command can go on.
    static let outputLimit = 10 << 10

    struct Result: Sendable {
        let exitCode: Int
        let stdout: [UInt8]
        let stderr: [UInt8]

        /// Both streams as one text of at most `outputLimit` bytes. Their order is not known.
        var output: String { String(decoding: (stdout + stderr).prefix(outputLimit), as: UTF8.self) }
    }

    enum Failure: Error {
        case timedOut(message: String)
        /// The command could not be run, or its end is not known.
        case runtime(message: String)
    }

    let runtime: any ContainerRuntime
    let sandboxID: String
    let containerID: String
    let arguments: [String]
    let timeout: Duration?

    /// Returns how the command ended. A cancelled task's command is killed.
    func run() async throws(Failure) -> Result {
        let streams: any ContainerStreams
        do {
            streams = try await runtime.exec(
                ExecRequest(
                    sandboxID: sandboxID, containerID: containerID, command: arguments, stdin: false, stdout: true, stderr: true, timeout: timeout))
        } catch {
            throw failure(error)
        }
        do throws(RuntimeFailure) {
            var stdout: [UInt8] = []
            var stderr: [UInt8] = []
            while let output = try await streams.read() {
                switch output {
                case .stdout(let bytes): stdout += bytes.prefix(Self.outputLimit - stdout.count)
                case .stderr(let bytes): stderr += bytes.prefix(Self.outputLimit - stderr.count)
                }
            }
            return Result(exitCode: try await streams.exitCode(), stdout: stdout, stderr: stderr)
        } catch {
            await streams.terminate()
            throw failure(error)
        }
    }

    private func failure(_ failure: RuntimeFailure) -> Failure {
        guard failure.code == .timedOut, let timeout else { return .runtime(message: failure.message) }
        let command = GoText.quoted(arguments.joined(separator: " "))
        return .timedOut(message: "command timed out: \(command) timed out after \(GoText.duration(timeout))")
    }
}
