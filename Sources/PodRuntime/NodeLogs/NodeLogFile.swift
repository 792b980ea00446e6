import CLinux
import Glibc
import LinuxSystem
import PodCore
import ShimClient
import Synchronization

/// A file of the node's log folder, read up to the size that it had.
final class NodeLogFile: LogSession {
    private static let piece = 64 << 10
    private static let deadline = Duration.seconds(30)

    private let file: OwnedFileDescriptor
    private let size: Int64
    private let pool: BlockingPool
    private let state = Mutex<(offset: Int64, isClosed: Bool)>((0, false))

    init(_ file: OwnedFileDescriptor, size: Int64, pool: BlockingPool) {
        self.file = file
        self.size = size
        self.pool = pool
    }

    func read() async throws(RuntimeFailure) -> [UInt8]? {
        let (start, isClosed) = state.withLock { $0 }
        let count = Int(min(Int64(Self.piece), size - start))
        guard count > 0, !isClosed else { return nil }
        do {
            let bytes = try await pool.run("read a node's log", deadline: Self.deadline) { [file] in try Self.read(file, count, at: start) }
            state.withLock { $0.offset += Int64(bytes.count) }
            // Shorter than before: somebody has emptied it.
            return bytes.isEmpty ? nil : bytes
        } catch {
            throw RuntimeFailure(translating: error, during: "read a node's log", .internal)
        }
    }

    /// The descriptor stays open for a read that is under way, and closes with its last reference.
    func close() async { state.withLock { $0.isClosed = true } }

    private static func read(_ file: OwnedFileDescriptor, _ count: Int, at offset: Int64) throws(SystemError) -> [UInt8] {
        var failure: SystemError?
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            do throws(SystemError) {
                filled = try systemCall("pread") { file.withRawValue { pread($0, buffer.baseAddress, count, off_t(offset)) } }
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        return bytes
    }
}
