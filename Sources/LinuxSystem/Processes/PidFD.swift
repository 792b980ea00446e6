import CLinux
import Glibc

/// A process by descriptor: signals never reach a successor with the same pid, and the end is an event.
package final class PidFD: Sendable {
    package let pid: Int32
    package let descriptor: OwnedFileDescriptor

    /// `pidfd_open`. The caller must ensure that `pid` is still the process that it means: see `ProcessIdentity.open`.
    package init(pid: Int32) throws(SystemError) {
        self.pid = pid
        descriptor = try descriptorCall("pidfd_open", "pid \(pid)") { swl_pidfd_open(pid, 0) }
    }

    /// Takes over a pidfd, e.g. one received from another process.
    package init(adopting descriptor: OwnedFileDescriptor, pid: Int32) {
        self.pid = pid
        self.descriptor = descriptor
    }

    /// Sends a signal. ESRCH when the process has ended.
    package func signal(_ number: Int32) throws(SystemError) {
        try systemCall("pidfd_send_signal", "pid \(pid)") {
            descriptor.withRawValue { swl_pidfd_send_signal($0, number) }
        }
    }

    /// Whether the process has ended (its zombie may still be there).
    package var hasExited: Bool {
        var entry = pollfd(fd: descriptor.rawValue, events: Int16(POLLIN), revents: 0)
        return poll(&entry, 1, 0) > 0 && entry.revents & Int16(POLLIN) != 0
    }

    /// Suspends until the process has ended. `.timedOut` after `timeout`; any number of tasks may wait.
    package func waitForExit(timeout: Duration? = nil) async throws {
        try await ReadinessLoop.shared().wait(for: descriptor, .readable, timeout: timeout)
    }

    /// Returns how the process ended, `nil` while it runs. Only its parent may call this, and only once.
    package func reap() throws(SystemError) -> ExitStatus? {
        var code: Int32 = 0
        var status: Int32 = 0
        let reaped = try systemCall("waitid", "pid \(pid)") { descriptor.withRawValue { swl_reap_pidfd($0, &code, &status) } }
        guard reaped == 1 else { return nil }
        return code == swl_cld_exited() ? .exited(status) : .signalled(status)
    }
}
