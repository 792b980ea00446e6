import CLinux
import Glibc
import LinuxSystem
package import PodCore
import ShimClient

extension ShimRuntime {
    package func attach(_ request: AttachRequest) async throws(RuntimeFailure) -> any ContainerStreams {
        let (sandbox, container) = try running(request.containerID, inSandbox: request.sandboxID)
        guard let connection = sandbox.connection else { throw Self.notRunning(container.configuration) }
        do {
            let output = request.stdout ? try Pipe() : nil
            // A terminal has one stream.
            let error = request.stderr && !container.configuration.terminal ? try Pipe() : nil
            // The outputs first: what the container answers to the client's input is not missed.
            try await attach(container.configuration, connection, output, error)
            let input = request.stdin && container.configuration.stdin ? try await input(of: container.configuration, connection) : nil
            return try AttachStreams(
                container: container, connection: connection, input: input, output: output?.readEnd, error: error?.readEnd)
        } catch {
            throw RuntimeFailure(translating: error, during: "attach to container \(container.configuration.name)", .internal)
        }
    }

    private func attach(
        _ configuration: ContainerConfiguration, _ connection: ShimConnection, _ output: Pipe?, _ error: Pipe?
    ) async throws(RuntimeFailure) {
        var descriptors: [(role: swl_fd, descriptor: OwnedFileDescriptor)] = []
        if let output { descriptors.append((SWL_FD_STDOUT, output.writeEnd)) }
        if let error { descriptors.append((SWL_FD_STDERR, error.writeEnd)) }
        guard !descriptors.isEmpty else { return }
        let reply = try await connection.request(SWL_VERB_ATTACH, timeout: .seconds(10), descriptors: descriptors) { writer in
            writer.string(SWL_TAG_CONTAINER_ID, configuration.id)
        }
        // The shim has them: while the agent holds them too, the streams would never end.
        for (_, end) in descriptors { end.close() }
        if let refusal = reply.refusal { throw attachFailure(refusal, configuration) }
    }

    /// A way to the container's stdin; `nil` when a client before this one has ended it for good (`stdinOnce`).
    private func input(of configuration: ContainerConfiguration, _ connection: ShimConnection) async throws(RuntimeFailure) -> OwnedFileDescriptor? {
        let reply = try await connection.request(SWL_VERB_STDIN, timeout: .seconds(10)) { $0.string(SWL_TAG_CONTAINER_ID, configuration.id) }
        guard let refusal = reply.refusal else { return reply.descriptors(SWL_FD_STDIN).first }
        if refusal.errno == EPIPE { return nil }
        throw attachFailure(refusal, configuration)
    }

    private func attachFailure(_ refusal: ShimStatus, _ configuration: ContainerConfiguration) -> RuntimeFailure {
        if refusal.step == SWL_STEP_LOOKUP.rawValue, refusal.errno == ESRCH || refusal.errno == ENOENT {
            return Self.notRunning(configuration)
        }
        return refusal.failure(.internal, "attach to container \(configuration.name)")
    }
}
