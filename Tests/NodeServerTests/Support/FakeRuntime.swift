import KubeModel
import PodCore
import Synchronization

/// A runtime that only knows how to exec and read logs. The command chooses the script: `echo CODE`, `write COUNT CODE`,
/// `hang`, anything else cannot be executed.
final class FakeRuntime: ContainerRuntime {
    private struct State {
        var sessions: [ScriptedSession] = []
        var requests: [ExecRequest] = []
        var attachments: [AttachRequest] = []
        var logs: [(request: LogRequest, session: ScriptedLog)] = []
        var log = ["one\n", "two\n"]
    }

    private let state = Mutex(State())

    var sessions: [ScriptedSession] { state.withLock { $0.sessions } }
    var requests: [ExecRequest] { state.withLock { $0.requests } }
    var attachments: [AttachRequest] { state.withLock { $0.attachments } }
    var logs: [(request: LogRequest, session: ScriptedLog)] { state.withLock { $0.logs } }

    /// Sets the pieces of every log.
    func setLog(_ pieces: [String]) { state.withLock { $0.log = pieces } }

    func exec(_ request: ExecRequest) async throws(RuntimeFailure) -> any ContainerStreams {
        let script: ScriptedSession.Script
        switch request.command.first {
        case "echo": script = .echo(exitCode: Int(request.command[1]) ?? 0)
        case "write": script = .write(count: Int(request.command[1]) ?? 0, exitCode: Int(request.command[2]) ?? 0)
        case "hang": script = .hang
        default: throw RuntimeFailure(.start, "\(request.command[0]): no such file in the image")
        }
        let session = ScriptedSession(script)
        state.withLock {
            $0.sessions.append(session)
            $0.requests.append(request)
        }
        return session
    }

    /// The session returns its input as output; the output ends with the input.
    func attach(_ request: AttachRequest) async throws(RuntimeFailure) -> any ContainerStreams {
        let session = ScriptedSession(.echo(exitCode: 0))
        state.withLock {
            $0.sessions.append(session)
            $0.attachments.append(request)
        }
        return session
    }

    func log(_ request: LogRequest) async throws(RuntimeFailure) -> any LogSession {
        let session = state.withLock { state in
            let session = ScriptedLog(state.log, follows: request.options.follow)
            state.logs.append((request, session))
            return session
        }
        return session
    }

    private static let notHere = RuntimeFailure(.internal, "not in this fake")

    let events = AsyncStream<RuntimeEvent> { $0.finish() }
    func createSandbox(_ configuration: SandboxConfiguration) async throws(RuntimeFailure) -> StartedSandbox { throw Self.notHere }
    func record(addresses: [String], ofSandbox sandboxID: String) async throws(RuntimeFailure) { throw Self.notHere }
    func startContainer(_ configuration: ContainerConfiguration, inSandbox sandboxID: String) async throws(RuntimeFailure) -> StartedContainer {
        throw Self.notHere
    }
    func signal(_ signal: Int32, container containerID: String, inSandbox sandboxID: String) async throws(RuntimeFailure) { throw Self.notHere }
    func stop(container containerID: String, inSandbox sandboxID: String) async throws(RuntimeFailure) { throw Self.notHere }
    func kill(container containerID: String, inSandbox sandboxID: String) async throws(RuntimeFailure) { throw Self.notHere }
    func removeContainer(_ containerID: String, inSandbox sandboxID: String) async throws(RuntimeFailure) { throw Self.notHere }
    func stopSandbox(_ sandboxID: String) async throws(RuntimeFailure) { throw Self.notHere }
    func removeSandbox(_ sandboxID: String) async throws(RuntimeFailure) { throw Self.notHere }
    func recover() async throws(RuntimeFailure) -> [RecoveredSandbox] { throw Self.notHere }
}
