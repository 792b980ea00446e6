import Glibc
import LinuxSystem

/// Standard output or error, written in full and without blocking the tasks of this program.
struct StandardStream: Sendable {
    static let output = StandardStream(descriptor: STDOUT_FILENO)
    static let error = StandardStream(descriptor: STDERR_FILENO)

    private let descriptor: Int32

    func write(_ bytes: [UInt8]) async throws {
        let failure = try await BlockingPool.shared.run { Self.write(bytes, to: descriptor) }
        // A reader like `head` closes the pipe early: that needs no message.
        if failure == EPIPE { exit(1) }
        if failure != 0 { throw CommandFailure("cannot write: \(String(cString: strerror(failure)))") }
    }

    /// One line for a person, on standard error.
    static func complain(_ text: String) {
        var line = text
        while line.last == "\n" { line.removeLast() }
        _ = write(Array((line + "\n").utf8), to: STDERR_FILENO)
    }

    private static func write(_ bytes: [UInt8], to descriptor: Int32) -> Int32 {
        bytes.withUnsafeBytes { buffer in
            var done = 0
            while done < buffer.count {
                let count = Glibc.write(descriptor, buffer.baseAddress! + done, buffer.count - done)
                if count >= 0 {
                    done += count
                } else if errno != EINTR {
                    return errno
                }
            }
            return 0
        }
    }
}
