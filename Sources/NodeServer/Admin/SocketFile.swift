import Glibc
import NIOCore
import NIOPosix

/// The file of the operator's socket. Every call blocks.
struct SocketFile: Sendable {
    let path: String

    /// Refuses a path that another agent serves or that is not a socket. A socket without a listener is a leftover and
    /// will be replaced.
    func checkFree() async throws {
        let operation = "listen on \(path) for the operators' commands"
        var status = stat()
        guard lstat(path, &status) == 0 else { return }
        guard status.st_mode & S_IFMT == S_IFSOCK else {
            throw NodeServerError(
                .socketPath, operation: operation, message: "found something that is no socket; remove it or configure another path")
        }
        do {
            let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton).connect(unixDomainSocketPath: path).get()
            try await channel.close()
        } catch {
            return
        }
        throw NodeServerError(
            .addressInUse, operation: operation, message: "another swiftlet answers there; stop that or configure another path")
    }

    /// For root only.
    func restrict() throws {
        guard chmod(path, 0o600) == 0 else {
            throw NodeServerError(.socketPath, operation: "chmod 0600 \(path)", message: String(cString: strerror(errno)))
        }
    }

    /// Identifies this agent's socket, as opposed to a successor's.
    func identity() -> UInt64? {
        var status = stat()
        return lstat(path, &status) == 0 ? UInt64(status.st_ino) : nil
    }

    func remove(ifStill identity: UInt64?) {
        guard let identity, identity == self.identity() else { return }
        unlink(path)
    }
}
