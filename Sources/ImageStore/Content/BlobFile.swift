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

    /// Opens a file that an earlier process may have begun, at its end, with its content hashed.
    init(continuing path: String) throws(SystemError) {
        self.path = path
        descriptor = try .open(path, O_RDWR | O_CREAT | O_NOFOLLOW, mode: 0o600)
        while true {
            let part = try descriptor.read(upTo: 1 << 20)
            if part.isEmpty { return }
            part.withUnsafeBytes { bytes in hasher.withLock { $0.update(bytes) } }
        }
    }

    /// A file that is only read.
    /// - Parameter scratch: a path for files beside it.
    init(reading file: OwnedFileDescriptor, scratch: String) {
        descriptor = file
        path = scratch
    }

    /// Bytes written so far.
    var count: Int64 { hasher.withLock { $0.count } }

    /// The offset of the next byte that a reader of this descriptor gets, in this process or another one. Does not block.
    var position: Int64 { Int64(descriptor.withRawValue { lseek($0, 0, SEEK_CUR) }) }

    func digest() -> ContentDigest { hasher.withLock { $0.digest() } }

    func append(_ parts: [ByteBuffer]) throws {
        for part in parts {
            try part.withUnsafeReadableBytes { bytes in
                guard let start = bytes.baseAddress else { return }
                var done = 0
                while done < bytes.count {
                    let offset = done
                    let written = try systemCall("write", path) {
                        descriptor.withRawValue { write($0, start + offset, bytes.count - offset) }
                    }
                    // A full disk takes a part before it fails: the file and its hash must not part ways.
                    hasher.withLock { $0.update(UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + written])) }
                    done += written
                }
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
