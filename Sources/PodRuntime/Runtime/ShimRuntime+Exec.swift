import CLinux
import LinuxSystem
package import PodCore
import Synchronization

extension ShimRuntime {
    /// Execs get ids of their own: unique among all agents of one boot, as a shim outlives its agent.
    private static let counter = Atomic<UInt64>(0)

    package func exec(_ request: ExecRequest) async throws(RuntimeFailure) -> any ExecSession {
        let sandbox = try sandbox(request.sandboxID)
        guard let container = sandbox.container(request.containerID) else {
            throw RuntimeFailure(.notFound, "no container \(request.containerID) in sandbox \(request.sandboxID)")
        }
        guard case .running = container.phase, let connection = sandbox.connection else {
            throw RuntimeFailure(.notRunning, "container \(container.configuration.name) does not run")
        }
        let configuration = container.configuration
        let prepared = try await blocking("prepare a command", .internal) { [self] in try prepare(request, configuration, sandbox) }
        let id = "e\(KernelClock.boottime)-\(Self.counter.add(1, ordering: .relaxed).newValue)"
        let exit = sandbox.expectExec(id)
        do throws(RuntimeFailure) {
            let session = try session(id, sandbox, request.containerID, exit, prepared)
            let reply = try await connection.request(SWL_VERB_EXEC, timeout: .seconds(30), descriptors: prepared.descriptors) { writer in
                writer.string(SWL_TAG_CONTAINER_ID, request.containerID)
                writer.string(SWL_TAG_EXEC_ID, id)
            }
            prepared.closeProgramEnds()
            if let refusal = reply.refusal { throw failure(refusal, request, configuration) }
            return session
        } catch {
            sandbox.execEnded(id, .failure(error))
            throw error
        }
    }

    private struct PreparedExec: Sendable {
        let record: OwnedFileDescriptor
        let input: Pipe?
        let output: Pipe?
        let error: Pipe?

        var descriptors: [(role: swl_fd, descriptor: OwnedFileDescriptor)] {
            var list = [(role: SWL_FD_RECORD, descriptor: record)]
            if let input { list.append((SWL_FD_STDIN, input.readEnd)) }
            if let output { list.append((SWL_FD_STDOUT, output.writeEnd)) }
            if let error { list.append((SWL_FD_STDERR, error.writeEnd)) }
            return list
        }

        /// The program has them: while the agent holds them too, the streams would never end.
        func closeProgramEnds() {
            input?.readEnd.close()
            output?.writeEnd.close()
            error?.writeEnd.close()
        }
    }

    private func prepare(_ request: ExecRequest, _ configuration: ContainerConfiguration, _ sandbox: Sandbox) throws -> PreparedExec {
        let filter = try seccomp.filter(
            configuration.privileged ? .unconfined : configuration.process.seccomp, capabilities: configuration.process.capabilities)
        let record = try ExecRecord.encode(
            request.command, in: configuration.process, filter: filter, availableCapabilities: availableCapabilities(sandbox))
        return PreparedExec(
            record: try AnonymousFile.make(in: sandbox.paths.directory, content: record), input: request.stdin ? try Pipe() : nil,
            output: request.stdout ? try Pipe() : nil, error: request.stderr ? try Pipe() : nil)
    }

    private func session(
        _ id: String, _ sandbox: Sandbox, _ containerID: String, _ exit: OneShot<Result<ContainerExit, RuntimeFailure>>, _ prepared: PreparedExec
    ) throws(RuntimeFailure) -> ShimExecSession {
        do throws(SystemError) {
            return try ShimExecSession(
                id: id, sandbox: sandbox, containerID: containerID, exit: exit, input: prepared.input?.writeEnd,
                output: prepared.output?.readEnd, error: prepared.error?.readEnd)
        } catch {
            throw RuntimeFailure(.internal, "the streams of a command cannot be made: \(error)")
        }
    }

    private func failure(_ refusal: ShimStatus, _ request: ExecRequest, _ configuration: ContainerConfiguration) -> RuntimeFailure {
        switch refusal.step {
        case SWL_STEP_EXEC.rawValue:
            RuntimeFailure(.start, LaunchFailure.execText(refusal, program: request.command.first ?? ""))
        case SWL_STEP_LOOKUP.rawValue:
            RuntimeFailure(.notRunning, "container \(configuration.name) does not run")
        default:
            RuntimeFailure(.create, refusal.explanation)
        }
    }
}
