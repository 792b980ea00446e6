import CLinux
import Glibc
import LinuxSystem
import PodCore

/// The socket of `--console-socket`: whoever listens there gets the master side of the container's terminal.
struct OCIConsole: Sendable {
    private let socket: OwnedFileDescriptor
    private let path: String

    /// Before anything is made, so that a wrong path costs nothing.
    init(connectingTo path: String) throws(RuntimeFailure) {
        self.path = path
        do throws(SystemError) {
            let socket = try descriptorCall("socket") { swl_unix_socket(Int32(SOCK_STREAM.rawValue), 0) }
            try systemCall("connect", path) { socket.withRawValue { swl_unix_connect($0, path) } }
            self.socket = socket
        } catch {
            throw RuntimeFailure(.create, "--console-socket: \(error)")
        }
    }

    /// With the name of the terminal device as text beside the descriptor, as everywhere.
    func send(_ master: OwnedFileDescriptor) async throws {
        let text = Array("/dev/ptmx".utf8)
        try systemCall("sendmsg", path) {
            master.withRawValue { number in
                var descriptor = number
                return socket.withRawValue { swl_send_fds($0, text, text.count, &descriptor, 1, 0) }
            }
        }
    }
}
