import CLinux
import Glibc
import LinuxSystem
import PodCore

/// The receiver of the master side of a program's terminal.
enum OCIConsole: Sendable {
    /// The listener at `--console-socket`.
    case socket(OwnedFileDescriptor, path: String)
    /// The caller, with the program in the foreground.
    case own(OCITerminal)

    /// The one for a program with a terminal; `nil` for one without.
    /// - Parameter own: for a program in the foreground.
    static func wanted(by process: OCISpec.Process, socket: String?, own: OCITerminal?) throws(RuntimeFailure) -> OCIConsole? {
        switch (process.terminal == true, socket) {
        case (false, nil): return nil
        case (true, let path?): return try connecting(to: path)
        case (true, nil):
            guard let own else {
                throw OCIBundle.invalid(
                    "process.terminal", "true without a console socket", "--console-socket, false, or a program in the foreground")
            }
            return .own(own)
        case (false, _?): throw OCIBundle.invalid("process.terminal", "false with a console socket", "true, or no --console-socket")
        }
    }

    /// Before anything is made, so that a wrong path costs nothing.
    private static func connecting(to path: String) throws(RuntimeFailure) -> OCIConsole {
        do throws(SystemError) {
            let socket = try descriptorCall("socket") { swl_unix_socket(Int32(SOCK_STREAM.rawValue), 0) }
            try systemCall("connect", path) { socket.withRawValue { swl_unix_connect($0, path) } }
            return .socket(socket, path: path)
        } catch {
            throw RuntimeFailure(.create, "--console-socket: \(error)")
        }
    }

    func give(_ master: OwnedFileDescriptor) throws(SystemError) {
        switch self {
        case .own(let terminal): try terminal.begin(master)
        case .socket(let socket, let path):
            // With the name of the terminal device as text beside the descriptor, as everywhere.
            let text = Array("/dev/ptmx".utf8)
            try systemCall("sendmsg", path) {
                master.withRawValue { number in
                    var descriptor = number
                    return socket.withRawValue { swl_send_fds($0, text, text.count, &descriptor, 1, 0) }
                }
            }
        }
    }
}
