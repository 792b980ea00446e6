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
            let bytes = try await pool.run("read a node's log", deadline: Self.deadline) { [file] in try LogFile.read(file, at: start, count: count) }
            state.withLock { $0.offset += Int64(bytes.count) }
            // Somebody has emptied the file, which was longer when it was opened.
            return bytes.isEmpty ? nil : bytes
        } catch {
            throw RuntimeFailure(translating: error, during: "read a node's log", .internal)
        }
    }

    /// The descriptor stays open for a read that is under way, and closes with its last reference.
    func close() async { state.withLock { $0.isClosed = true } }
}
