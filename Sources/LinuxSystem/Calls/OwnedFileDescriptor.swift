import Glibc
import Synchronization

/// A file descriptor with one owner: closed once, by `close()` or with the last reference.
///
/// The number is only good while the object is alive. Swift may release an object after its last *mention*, so a raw
/// number that outlives the statement belongs into `withRawValue`.
package final class OwnedFileDescriptor: Sendable {
    private let number: Atomic<Int32>

    /// Takes ownership of an open descriptor.
    package init(_ rawValue: Int32) {
        number = Atomic(rawValue)
    }

    deinit { close() }

    /// The descriptor's number, -1 after `close()`.
    package var rawValue: Int32 { number.load(ordering: .acquiring) }

    package var isClosed: Bool { rawValue < 0 }

    /// Closes now. Later calls do nothing.
    package func close() {
        let old = number.exchange(-1, ordering: .acquiringAndReleasing)
        // Never repeated on EINTR: Linux has released the number by then, and it may be someone else's already.
        if old >= 0 { _ = Glibc.close(old) }
    }

    /// Hands the descriptor to code that closes it itself.
    package func release() -> Int32 { number.exchange(-1, ordering: .acquiringAndReleasing) }

    /// Runs `body` with the number and keeps the descriptor open until it returns.
    package func withRawValue<R, E: Error>(_ body: (Int32) throws(E) -> R) throws(E) -> R {
        let number = rawValue
        let result = try body(number)
        extendLifetime(self)
        return result
    }

    /// A second descriptor for the same open file (`F_DUPFD_CLOEXEC`).
    package func duplicate() throws(SystemError) -> OwnedFileDescriptor {
        try descriptorCall("fcntl F_DUPFD_CLOEXEC") { withRawValue { fcntl($0, F_DUPFD_CLOEXEC, 3) } }
    }

    /// `/proc/self/fd/<n>`: a path for calls that take no descriptor. Good while the descriptor is open.
    package var procPath: String { "/proc/self/fd/\(rawValue)" }
}
