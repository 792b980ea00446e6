import CLinux
import LinuxSystem
package import PodCore
import ShimClient
import Synchronization

extension ShimRuntime {
    /// Execs get ids of their own: unique among all agents of one boot, as a shim outlives its agent.
    private static let counter = Atomic<UInt64>(0)

    package func exec(_ request: ExecRequest) async throws(RuntimeFailure) -> any ContainerStreams {
        let (sandbox, container) = try running(request.containerID, inSandbox: request.sandboxID)
        guard let connection = sandbox.connection else { throw Self.notRunning(container.configuration) }
        let configuration = container.configuration
        let appArmor = try await appArmor.profile(for: configuration.process.appArmor, privileged: configuration.privileged)
        let prepared = try await blocking("prepare a command", .internal) { [self] in try prepare(request, configuration, appArmor, sandbox) }
        let id = "e\(KernelClock.boottime)-\(Self.counter.add(1, ordering: .relaxed).newValue)"
        let exec = RunningExec(id: id, containerID: request.containerID, sandbox: sandbox, exit: sandbox.expectExec(id))
        do throws(RuntimeFailure) {
            let reply = try await ask(for: exec, on: connection, prepared)
            prepared.closeProgramEnds()
            if let refusal = reply.refusal { throw failure(refusal, request, configuration) }
            return try await session(request, exec, prepared, reply)
        } catch {
            sandbox.execEnded(id, .failure(error))
            throw error
        }
    }

    /// Without an answer the program may still be about to start, stopped by the container perhaps: it must not run after its client got a
    /// failure, nor take up room for ever.
    private func ask(
        for exec: RunningExec, on connection: ShimConnection, _ prepared: PreparedExec
    ) async throws(RuntimeFailure) -> ShimMessage {
        do throws(RuntimeFailure) {
            return try await connection.request(SWL_VERB_EXEC, timeout: settings.execPatience, descriptors: prepared.descriptors) { writer in
                writer.string(SWL_TAG_CONTAINER_ID, exec.containerID)
                writer.string(SWL_TAG_EXEC_ID, exec.id)
            }
        } catch {
            await exec.kill()
            throw error
        }
    }

    /// The program runs: without streams it would never be ended.
    private func session(
        _ request: ExecRequest, _ exec: RunningExec, _ prepared: PreparedExec, _ reply: ShimMessage
    ) async throws(RuntimeFailure) -> any ContainerStreams {
        do {
            if let timeout = request.timeout { try exec.kill(after: timeout) }
            guard request.terminal else {
                return try ExecStreams(
                    exec, input: prepared.input?.writeEnd, output: prepared.output?.readEnd, error: prepared.error?.readEnd, isTerminal: false)
            }
            guard let terminal = reply.descriptors(SWL_FD_TERMINAL).first else {
                throw RuntimeFailure(.internal, "the shim's reply brings no terminal")
            }
            return try ExecStreams(
                exec, input: request.stdin ? try terminal.duplicate() : nil, output: terminal, error: nil, isTerminal: true)
        } catch {
            await exec.kill()
            throw RuntimeFailure(translating: error, during: "the streams of a command", .internal)
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

    private func prepare(
        _ request: ExecRequest, _ configuration: ContainerConfiguration, _ appArmor: String?, _ sandbox: Sandbox
    ) throws -> PreparedExec {
        let record = try ExecRecord.encode(
            request.command, in: configuration.startedProcess, terminal: request.terminal, size: request.size,
            filter: filter(of: configuration, in: sandbox), appArmor: appArmor, availableCapabilities: availableCapabilities(sandbox))
        // A terminal comes with the shim's reply.
        let pipes = !request.terminal
        return PreparedExec(
            record: try AnonymousFile.make(in: sandbox.paths.directory, content: record), input: pipes && request.stdin ? try Pipe() : nil,
            output: pipes && request.stdout ? try Pipe() : nil, error: pipes && request.stderr ? try Pipe() : nil)
    }

    /// The one that the container was started with, whatever has become of its profile since. Where its launch record is not kept, what the
    /// profile says now.
    private func filter(of configuration: ContainerConfiguration, in sandbox: Sandbox) throws -> SeccompCompiler.Filter {
        let path = sandbox.paths.container(configuration.id).launchRecord
        guard try FileStatus.ifPresent(path) != nil else {
            return try seccomp.filter(
                configuration.privileged ? .unconfined : configuration.process.seccomp, capabilities: configuration.process.capabilities)
        }
        return try LaunchRecord.filter(of: SmallFile.bytes(path, limit: Int(SWL_RECORD_MAX)))
    }

    private func failure(_ refusal: ShimStatus, _ request: ExecRequest, _ configuration: ContainerConfiguration) -> RuntimeFailure {
        switch refusal.step {
        case SWL_STEP_EXEC.rawValue:
            RuntimeFailure(.start, LaunchFailure.execText(refusal, args: request.command, env: configuration.process.env))
        case SWL_STEP_LOOKUP.rawValue:
            Self.notRunning(configuration)
        default:
            refusal.failure(.create, "run a command in container \(configuration.name)")
        }
    }
}
