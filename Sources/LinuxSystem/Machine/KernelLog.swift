import Glibc

/// The messages of the kernel from now on (`/dev/kmsg`). One reader.
package final class KernelLog: Sendable {
    /// The kernel's own bound of a record.
    private static let largest = 8 << 10

    private let descriptor: OwnedFileDescriptor

    package init(_ path: String = "/dev/kmsg") throws(SystemError) {
        descriptor = try .open(path, O_RDONLY | O_NONBLOCK)
        try systemCall("lseek", path) { descriptor.withRawValue { lseek($0, 0, Int32(SEEK_END)) } }
    }

    /// Returns the text of the next message, without its prefix and its fields. Messages that the kernel has dropped meanwhile are left out.
    package func next() async throws -> String {
        while true {
            do throws(SystemError) {
                return Self.text(try descriptor.read(upTo: Self.largest))
            } catch {
                // EPIPE: older messages were overwritten, and the next read goes on with the oldest that is left.
                if error.is(EPIPE) { continue }
                guard error.is(EAGAIN) else { throw error }
            }
            try await ReadinessLoop.shared().wait(for: descriptor)
        }
    }

    /// A record is `priority,sequence,time,flags;text`, a newline, and lines of fields that begin with a blank.
    static func text(_ record: [UInt8]) -> String {
        let line = record.prefix { $0 != UInt8(ascii: "\n") }
        guard let end = line.firstIndex(of: UInt8(ascii: ";")) else { return String(decoding: line, as: UTF8.self) }
        return String(decoding: line[(end + 1)...], as: UTF8.self)
    }
}
