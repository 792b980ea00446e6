import Glibc

/// A trigger of the kernel's pressure stall information: wakes when tasks have waited too long for a resource.
package struct StallAlarm: Sendable {
    private let path: String
    private let descriptor: OwnedFileDescriptor

    /// The kernel raises at most one alarm in each window.
    /// - Parameters:
    ///   - path: a pressure file, of the machine or of a cgroup.
    ///   - stall: for so long at least one task has to wait within `window`; both in microseconds.
    package init(_ path: String, stall: Int, window: Int) throws(SystemError) {
        self.path = path
        descriptor = try .open(path, O_RDWR | O_NONBLOCK)
        // With its NUL, as the kernel reads it.
        try descriptor.writeAll(Array("some \(stall) \(window)".utf8) + [0])
    }

    /// Suspends until the next alarm. Throws when the file is gone, such as that of a removed cgroup.
    package func wait() async throws {
        try await ReadinessLoop.shared().wait(for: descriptor, .priority)
        // A removed cgroup's file is always ready.
        try systemCall("lseek", path) { descriptor.withRawValue { lseek($0, 0, SEEK_SET) } }
        _ = try descriptor.read(upTo: 256)
    }
}
