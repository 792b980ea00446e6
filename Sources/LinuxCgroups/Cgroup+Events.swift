import Glibc
import LinuxSystem

/// The events of a cgroup, from `cgroup.events`.
extension Cgroup {
    private enum Event: String {
        case populated, frozen
    }

    /// Whether any process is in this cgroup or below it. A cgroup that does not exist is empty.
    package func isPopulated() throws(CgroupError) -> Bool { try holds(.populated) }

    /// Whether its processes are frozen, by itself or by a cgroup above it. A cgroup that does not exist is not frozen.
    package func isFrozen() throws(CgroupError) -> Bool { try holds(.frozen) }

    private func holds(_ event: Event) throws(CgroupError) -> Bool {
        do throws(SystemError) {
            return try Self.holds(event, .open(path + "/cgroup.events", O_RDONLY))
        } catch {
            if error.isNotFound || error.is(ENODEV) { return false }
            throw CgroupError(code: .kernel, operation: "look at", path: path, cause: error)
        }
    }

    /// From the file's beginning, however often it was read.
    private static func holds(_ event: Event, _ events: OwnedFileDescriptor) throws(SystemError) -> Bool {
        try systemCall("lseek", "cgroup.events") { events.withRawValue { lseek($0, 0, SEEK_SET) } }
        return String(decoding: try events.read(upTo: 4096), as: UTF8.self).split(separator: "\n").contains("\(event.rawValue) 1")
    }

    /// Removing a cgroup wakes no waiter for its events, and discards a pending event. Another process may have removed the cgroup, so the file is
    /// read again now and then.
    private static let longestWait = Duration.milliseconds(200)

    /// Suspends until no process is left.
    /// - Throws: `.busy` with the processes that are left after `timeout`.
    package func waitUntilEmpty(timeout: Duration) async throws {
        do {
            try await wait(for: .populated, false, timeout)
        } catch let error as SystemError where error.code == .timedOut {
            let left = try await remaining()
            throw CgroupError(code: .busy, operation: "empty", path: path, detail: "after \(timeout) \(left)", cause: error)
        }
    }

    /// Suspends until all of its processes are stopped, or none is any more because of that.
    /// - Returns: false when that is not so after `timeout`.
    package func wait(untilFrozen frozen: Bool, timeout: Duration) async throws -> Bool {
        do {
            try await wait(for: .frozen, frozen, timeout)
            return true
        } catch let error as SystemError where error.code == .timedOut {
            return false
        }
    }

    /// The kernel raises a priority event when the file has changed since the last read. Unlike an inotify watch, ending this wait costs no
    /// synchronisation all over the kernel. A cgroup that is gone is neither populated nor frozen.
    private func wait(for event: Event, _ wanted: Bool, _ timeout: Duration) async throws {
        let deadline = KernelClock.monotonic + timeout.nanoseconds
        do {
            let events = try OwnedFileDescriptor.open(path + "/cgroup.events", O_RDONLY)
            while try Self.holds(event, events) != wanted {
                do {
                    try await ReadinessLoop.shared().wait(
                        for: events, .priority, timeout: min(Self.longestWait, .nanoseconds(max(0, deadline - KernelClock.monotonic))))
                } catch let error as SystemError where error.code == .timedOut && KernelClock.monotonic < deadline {
                    continue
                }
            }
        } catch let error as SystemError where !wanted && (error.isNotFound || error.is(ENODEV)) {
            return
        } catch let error as SystemError where error.code != .timedOut {
            throw CgroupError(code: .kernel, operation: "watch", path: path, cause: error)
        }
    }
}
