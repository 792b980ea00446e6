import CLinux
import Glibc
import LinuxSystem
package import PodCore
import ShimClient

extension ShimRuntime: SandboxPorts {
    /// As long as a kernel tries when nothing answers at all, which on a loopback only a full queue of the program's does.
    private static let connectPatience = Duration.seconds(30)

    /// A socket belongs to the network namespace of the thread that makes it, so only that needs the namespace, on a thread of its own.
    package func connect(port: UInt16, inSandbox sandboxID: String) async throws(RuntimeFailure) -> any SandboxConnection {
        let sandbox = try sandbox(sandboxID)
        try sandbox.requireRunning("forward a port")
        guard let pause = sandbox.pause else { throw RuntimeFailure(.notRunning, "sandbox \(sandboxID) does not run") }
        var refusals: [String] = []
        for (family, name) in [(AF_INET, "127.0.0.1"), (AF_INET6, "[::1]")] {
            do {
                let socket = try await socket(family, in: pause)
                try await Self.connect(socket, family, port)
                return SandboxSocket(socket)
            } catch let error as SystemError where error.is(ECONNREFUSED) {
                refusals.append("\(name):\(port): connection refused")
            } catch {
                refusals.append("\(name):\(port): \(error)")
            }
        }
        throw RuntimeFailure(.notRunning, "failed to connect to localhost:\(port) inside the pod's network: \(refusals.joined(separator: "; "))")
    }

    /// On a thread that may be in another namespace for a moment.
    private func socket(_ family: Int32, in pause: ProcessIdentity) async throws -> OwnedFileDescriptor {
        try await pool.run("open a socket in a pod's network") {
            let namespace = try Namespace(.net, path: Self.networkNamespace(pause.pid))
            // The namespace is held: from here on the pid may become another's.
            guard pause.exists else { throw SystemError(call: "open", path: Self.networkNamespace(pause.pid), errno: ESRCH) }
            return try descriptorCall("socket") { namespace.descriptor.withRawValue { swl_tcp_socket_in_netns($0, family) } }
        }
    }

    private static func connect(_ socket: OwnedFileDescriptor, _ family: Int32, _ port: UInt16) async throws {
        do throws(SystemError) {
            try systemCall("connect") { socket.withRawValue { swl_tcp_connect_loopback($0, family, port) } }
        } catch {
            guard error.is(EINPROGRESS) else { throw error }
            try await ReadinessLoop.shared().wait(for: socket, .writable, timeout: connectPatience)
            var result: Int32 = 0
            try systemCall("getsockopt SO_ERROR") { socket.withRawValue { swl_socket_error($0, &result) } }
            if result != 0 { throw SystemError(call: "connect", errno: result) }
        }
    }
}
