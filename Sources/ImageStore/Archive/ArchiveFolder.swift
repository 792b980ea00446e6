import Glibc
import LinuxSystem
import NIOCore

/// The files of an image archive in a directory. Every name is resolved inside that directory.
struct ArchiveFolder: Sendable {
    private let root: SafePath

    static let part = 1 << 20

    /// Blocking.
    init(_ path: String) throws(SystemError) {
        root = SafePath(root: try .open(path, O_RDONLY | O_DIRECTORY))
    }

    /// Opens a regular file. Blocking.
    func open(_ name: String) throws(ImageStoreError) -> OwnedFileDescriptor {
        do throws(SystemError) {
            let file = try root.open(name, O_RDONLY | O_NONBLOCK | O_NOCTTY, rules: [.inRoot, .noMountCrossing])
            guard try FileStatus(of: file).kind == .file else { throw SystemError(call: "open", path: name, errno: EISDIR) }
            return file
        } catch {
            throw ImageStoreError(
                error.isNotFound ? .notFound : .malformed, "import", name, "found no file of that name in the archive", cause: error)
        }
    }

    /// Whether there is a regular file of that name. Blocking.
    func has(_ name: String) -> Bool { (try? open(name)) != nil }

    /// Reads a small file, `nil` if there is none. Blocking.
    func bytes(_ name: String, limit: Int) throws(ImageStoreError) -> [UInt8]? {
        let file: OwnedFileDescriptor
        do throws(ImageStoreError) {
            file = try open(name)
        } catch {
            if error.code == .notFound { return nil }
            throw error
        }
        do throws(SystemError) {
            return try file.readAll(limit: limit, path: name)
        } catch {
            throw ImageStoreError(error.code == .tooLarge ? .tooLarge : .store, "import", name, "cannot be read", cause: error)
        }
    }

    /// A blob of an OCI layout, whose content has the digest. Blocking.
    func blob(_ digest: ContentDigest, limit: Int) throws(ImageStoreError) -> [UInt8] {
        let name = Self.blobName(digest)
        guard let bytes = try bytes(name, limit: limit) else {
            throw ImageStoreError(.notFound, "import", name, "found no such blob in the layout; was it copied whole?")
        }
        let found = ContentHasher.digest(of: bytes)
        guard found == digest else { throw ImageStoreError(.digestMismatch, "import", name, "found the digest \(found)") }
        return bytes
    }

    static func blobName(_ digest: ContentDigest) -> String { "blobs/sha256/\(digest.hex)" }

    /// Reads a file to its end. Blocking.
    func read(_ name: String, _ body: (ByteBuffer) throws -> Void) throws {
        let file = try open(name)
        while true {
            let part = try file.read(upTo: Self.part)
            if part.isEmpty { return }
            try body(ByteBuffer(bytes: part))
        }
    }
}
