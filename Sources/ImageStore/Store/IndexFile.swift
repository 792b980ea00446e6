import FoundationEssentials
import Glibc
import LinuxSystem
import Synchronization

/// The index in memory and on disk. Readers see only content that is on the disk already.
final class IndexFile: Sendable {
    private let path: String
    private let published: Mutex<StoreIndex>
    /// One thread: changes happen one after the other, without a lock held over the disk.
    private let pool = BlockingPool(name: "image-index", threads: 1, queueLimit: 4096)

    private static let largest = 64 << 20

    init(path: String, _ index: StoreIndex) {
        self.path = path
        published = Mutex(index)
    }

    var current: StoreIndex { published.withLock { $0 } }

    /// Changes the index, writes it, and publishes it. A failure leaves everything as it was.
    func update<R: Sendable>(_ change: @escaping @Sendable (inout StoreIndex) throws -> R) async throws -> R {
        try await pool.run("write image index") { [self] in
            var index = current
            let before = index
            let result = try change(&index)
            if index == before { return result }
            try Self.write(index, to: path)
            published.withLock { $0 = index }
            return result
        }
    }

    /// Runs `body` while the index does not change.
    func serially<R: Sendable>(_ body: @escaping @Sendable (StoreIndex) throws -> R) async throws -> R {
        try await pool.run("follow image index") { [self] in try body(current) }
    }

    static func write(_ index: StoreIndex, to path: String) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        try AtomicFile.replace(path, with: Array(try encoder.encode(index)), durability: .synced)
    }

    enum Content {
        case index(StoreIndex)
        case absent
        /// Why it cannot be used.
        case damaged(String)
    }

    /// Blocking.
    static func read(_ path: String) throws(SystemError) -> Content {
        let bytes: [UInt8]
        do throws(SystemError) {
            bytes = try SmallFile.bytes(path, limit: largest)
        } catch {
            if error.isNotFound { return .absent }
            guard error.code == .tooLarge else { throw error }
            return .damaged("found more than \(largest) bytes")
        }
        do {
            let index = try JSONDecoder().decode(StoreIndex.self, from: Data(bytes))
            guard index.version == StoreIndex.currentVersion else {
                return .damaged("found version \(index.version), wanted \(StoreIndex.currentVersion)")
            }
            return .index(index)
        } catch {
            return .damaged(DecodingFailure.text(error))
        }
    }
}
