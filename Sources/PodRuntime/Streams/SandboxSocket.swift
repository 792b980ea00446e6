import CLinux
import Glibc
import LinuxSystem
import PodCore
import ShimClient
import Synchronization

/// A TCP connection that was made inside a sandbox's network namespace. The kernel's socket buffers are the only buffer.
final class SandboxSocket: SandboxConnection {
    /// Bytes of one read. Few large pieces: clients queue pieces, and count no bytes.
    private static let piece = 128 << 10

    /// Never closed before the last reference goes: `close` may come at any time, and the number of a closed descriptor is soon another's.
    private let socket: OwnedFileDescriptor
    private let isClosed = Atomic<Bool>(false)

    /// Takes a connected socket over that does not block.
    init(_ socket: OwnedFileDescriptor) { self.socket = socket }

    func read() async throws(RuntimeFailure) -> [UInt8]? {
        while true {
            do throws(SystemError) {
                let bytes = try socket.read(upTo: Self.piece)
                return bytes.isEmpty ? nil : bytes
            } catch {
                if isClosed.load(ordering: .relaxed) { return nil }
                guard error.is(EAGAIN) else { throw RuntimeFailure(.internal, "the program broke the connection off: \(error)") }
            }
            try await wait(.readable)
        }
    }

    func write(_ bytes: [UInt8]) async throws(RuntimeFailure) {
        var rest = bytes[...]
        while !rest.isEmpty {
            do throws(SystemError) {
                let count = try systemCall("send") {
                    rest.withUnsafeBytes { buffer in socket.withRawValue { swl_send($0, buffer.baseAddress, buffer.count) } }
                }
                rest = rest.dropFirst(count)
                continue
            } catch {
                guard error.is(EAGAIN) else { throw RuntimeFailure(.internal, "the program takes no more: \(error)") }
            }
            try await wait(.writable)
        }
    }

    func closeOutput() { socket.withRawValue { _ = shutdown($0, Int32(SHUT_WR)) } }

    func close() {
        isClosed.store(true, ordering: .relaxed)
        // Wakes the waiters.
        socket.withRawValue { _ = shutdown($0, Int32(SHUT_RDWR)) }
    }

    private func wait(_ direction: ReadinessLoop.Direction) async throws(RuntimeFailure) {
        do {
            try await ReadinessLoop.shared().wait(for: socket, direction)
        } catch {
            throw RuntimeFailure(translating: error, during: "wait for a forwarded connection", .internal)
        }
    }
}
