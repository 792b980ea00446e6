import CLinux
package import LinuxSystem

/// Several descriptors that are waited for together: an epoll, itself a descriptor that the readiness loop can wait for.
package final class ReadinessSet: Sendable {
    private let epoll: OwnedFileDescriptor
    private let signal: OwnedFileDescriptor

    package init(_ descriptors: [OwnedFileDescriptor]) throws(SystemError) {
        epoll = try descriptorCall("epoll_create1") { swl_epoll_create() }
        signal = try descriptorCall("eventfd") { swl_eventfd() }
        for descriptor in descriptors + [signal] { try add(descriptor) }
    }

    package func add(_ descriptor: OwnedFileDescriptor) throws(SystemError) {
        let number = descriptor.rawValue
        try systemCall("epoll_ctl") { epoll.withRawValue { swl_epoll_control($0, SWL_EPOLL_CTL_ADD, number, SWL_EPOLLIN, 0) } }
    }

    /// No longer waits for a descriptor; called before it is closed.
    package func remove(_ descriptor: OwnedFileDescriptor) {
        let number = descriptor.rawValue
        epoll.withRawValue { _ = swl_epoll_control($0, SWL_EPOLL_CTL_DEL, number, 0, 0) }
    }

    /// Suspends until one of them is readable or was closed at its other end, or `interrupt` was called (which stays so).
    package func wait(timeout: Duration? = nil) async throws {
        try await ReadinessLoop.shared().wait(for: epoll, .readable, timeout: timeout)
    }

    /// Wakes the waiter, now and every time from now on.
    package func interrupt() {
        try? signal.writeAll([1, 0, 0, 0, 0, 0, 0, 0] as [UInt8])
    }
}
