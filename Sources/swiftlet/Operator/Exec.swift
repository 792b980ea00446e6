import ArgumentParser
import KubeModel
import NIOCore
import NodeServer
import PodCore

/// `swiftlet exec`: runs a command in a container.
struct Exec: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run a command in a container.", usage: "swiftlet exec [-i] [-t] <pod> [-n <namespace>] [-c <container>] -- <command> ...",
        discussion: "The exit code is that of the command; 1 when it could not be run, 2 for wrong usage.")

    @OptionGroup var agent: AgentSocket

    @Argument(help: "The pod's name.")
    var pod: String

    @Option(name: [.short, .long], help: "The pod's namespace. Needed when several namespaces have a pod of that name.")
    var namespace: String?

    @Option(name: [.short, .long], help: "The container. Default: the pod's first.")
    var container: String?

    @Flag(name: [.customShort("i"), .customLong("stdin")], help: "Pass standard input on.")
    var stdin = false

    @Flag(name: [.customShort("t"), .customLong("tty")], help: "Give the command a terminal: the one that this command runs on.")
    var tty = false

    @Argument(parsing: .postTerminator, help: "The command and its arguments.")
    var command: [String] = []

    func validate() throws {
        if command.isEmpty { throw ValidationError("no command: wanted 'swiftlet exec \(pod) -- COMMAND ...'") }
    }

    func run() async throws {
        let client = try AdminClient(agent)
        let pods: ObjectList<Pod> = try await client.get(.pods)
        let address = try PodChoice.address(pod, namespace: namespace, container: container, among: pods.items)
        let options = ExecOptions(command: command, stdin: stdin, stdout: true, stderr: true, terminal: tty)
        let target = RequestTarget(segments: AdminPath.exec(address).segments, query: options.query)
        var input: (@Sendable () async throws -> ByteBuffer?)?
        if stdin {
            let source = try StandardInput()
            input = { try await source.next() }
        }
        let terminal = tty ? try RawTerminal() : nil
        defer { terminal?.restore() }
        let status = try await StreamClient(transport: .unix(path: agent.path)).run(target, sizes: await terminal?.sizes(), input: input) {
            (output: StreamOutput) in
            switch output {
            case .stdout(let bytes): try await StandardStream.output.write(bytes)
            case .stderr(let bytes): try await StandardStream.error.write(bytes)
            }
        }
        guard let code = StreamStatus.exitCode(of: status) else { throw CommandFailure(status.message ?? "the command could not be run") }
        if code != 0 { throw ExitCode(Int32(truncatingIfNeeded: code)) }
    }
}
