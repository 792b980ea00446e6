import Glibc
import LinuxSystem
import NIOCore

/// Standard input, read on demand. A read that waits for input ends when its task is cancelled.
struct StandardInput: Sendable {
    private static let chunk = 32 << 10

    private let wakeReader: Int32
    private let wakeWriter: Int32

    init() throws {
        var ends: [Int32] = [0, 0]
        guard pipe(&ends) == 0 else { throw CommandFailure("cannot make a pipe: \(String(cString: strerror(errno)))") }
        wakeReader = ends[0]
        wakeWriter = ends[1]
    }

    /// Returns the next bytes; `nil` at the end, and when the task was cancelled.
    func next() async throws -> ByteBuffer? {
        let result = try await withTaskCancellationHandler {
            try await BlockingPool.shared.run { read() }
        } onCancel: {
            var byte: UInt8 = 1
            _ = Glibc.write(wakeWriter, &byte, 1)
        }
        return result.isEmpty ? nil : ByteBuffer(bytes: result)
    }

    private func read() -> [UInt8] {
        var descriptors = [pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0), pollfd(fd: wakeReader, events: Int16(POLLIN), revents: 0)]
        while true {
            guard poll(&descriptors, 2, -1) >= 0 || errno == EINTR else { return [] }
            if descriptors[1].revents != 0 { return [] }
            guard descriptors[0].revents != 0 else { continue }
            let bytes = [UInt8](unsafeUninitializedCapacity: Self.chunk) { buffer, count in
                count = max(0, Glibc.read(STDIN_FILENO, buffer.baseAddress, buffer.count))
            }
            return bytes
        }
    }
}
