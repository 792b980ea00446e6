import Glibc
import LinuxSystem
import NIOCore
import Synchronization

/// A file that content is downloaded into, hashed on its way. Its methods block, except `count` and `digest`.
final class BlobFile: Sendable {
    let descriptor: OwnedFileDescriptor
    let path: String
    private let hasher = Mutex(ContentHasher())

    /// Makes a new file with a unique name.
    init(path: String) throws(SystemError) {
        self.path = path
        descriptor = try .open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o600)
    }

    /// Bytes written so far.
    var count: Int64 { hasher.withLock { $0.count } }

    func digest() -> ContentDigest { hasher.withLock { $0.digest() } }

    func append(_ parts: [ByteBuffer]) throws {
        for part in parts {
            try part.withUnsafeReadableBytes { bytes in
                guard let start = bytes.baseAddress else { return }
                var done = 0
                while done < bytes.count {
                    let offset = done
                    done += try systemCall("write", path) {
                        descriptor.withRawValue { write($0, start + offset, bytes.count - offset) }
                    }
                }
                hasher.withLock { $0.update(bytes) }
            }
        }
    }

    /// Drops everything written.
    func restart() throws {
        try systemCall("ftruncate", path) { descriptor.withRawValue { ftruncate($0, 0) } }
        try rewind()
        hasher.withLock { $0 = ContentHasher() }
    }

    /// Moves to the first byte, for the reader.
    func rewind() throws {
        _ = try systemCall("lseek", path) { descriptor.withRawValue { lseek($0, 0, SEEK_SET) } }
    }

    func remove() {
        _ = unlink(path)
    }
}
