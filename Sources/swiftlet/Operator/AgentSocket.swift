import ArgumentParser
import Glibc

/// The address of the agent's socket.
struct AgentSocket: ParsableArguments {
    @Option(name: .customLong("socket"), help: "The agent's socket.")
    var path = "/run/swiftlet/admin.sock"

    /// Throws with a clear reason if no agent answers.
    func check() throws {
        guard try isAnswered() else {
            throw CommandFailure("swiftlet is not running: nothing answers at \(path) (start it with 'systemctl start swiftlet', or give --socket)")
        }
    }

    /// Whether an agent answers. A connection over a unix socket is accepted or refused at once.
    func isAnswered() throws -> Bool {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw CommandFailure("cannot make a socket: \(String(cString: strerror(errno)))") }
        defer { close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        guard !bytes.isEmpty, bytes.count < MemoryLayout.size(ofValue: address.sun_path) else {
            throw CommandFailure("--socket: found '\(path)', wanted a path of 1 to \(MemoryLayout.size(ofValue: address.sun_path) - 1) bytes")
        }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) }
        }
        guard result != 0 else { return true }
        switch errno {
        case ENOENT, ECONNREFUSED: return false
        case EACCES, EPERM: throw CommandFailure("no permission to use \(path): run this as root")
        default: throw CommandFailure("cannot connect to \(path): \(String(cString: strerror(errno)))")
        }
    }
}
