import CLinux
import Glibc
import LinuxSystem

/// The standard streams of this process.
enum OwnStreams {
    /// All three, for a program that is to have them.
    static func all() throws(SystemError) -> [(role: swl_fd, descriptor: OwnedFileDescriptor)] {
        var streams: [(role: swl_fd, descriptor: OwnedFileDescriptor)] = []
        for (role, number) in [(SWL_FD_STDIN, STDIN_FILENO), (SWL_FD_STDOUT, STDOUT_FILENO), (SWL_FD_STDERR, STDERR_FILENO)] {
            if let descriptor = try inherited(number) { streams.append((role, descriptor)) }
        }
        return streams
    }

    /// A descriptor of this process, owned a second time; `nil` (which becomes /dev/null) when it is closed.
    static func inherited(_ number: Int32) throws(SystemError) -> OwnedFileDescriptor? {
        do throws(SystemError) {
            return try descriptorCall("fcntl F_DUPFD_CLOEXEC") { fcntl(number, F_DUPFD_CLOEXEC, 3) }
        } catch {
            guard error.is(EBADF) else { throw error }
            return nil
        }
    }
}
