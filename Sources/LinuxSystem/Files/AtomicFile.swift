import CLinux
import Glibc
import Synchronization

/// Replaces files so that a reader sees the old content or the new content, never a part.
package enum AtomicFile {
    /// How much survives a power cut.
    package enum Durability: Sendable {
        /// Nothing survives for certain: for tmpfs and for files that can be made again.
        case none
        /// The content is on disk before this returns. The name is after ``AtomicFile/syncFolder(_:)`` of its directory, which serves several files.
        case content
        /// Content and name are on disk before this returns (fsync of the file and of its directory).
        case synced
    }

    private static let counter = Atomic<UInt64>(0)

    /// Writes a temporary file beside `path` and renames it over `path`. Blocking.
    package static func replace(
        _ path: String, with content: some ContiguousBytesLike, mode: UInt32 = 0o600, durability: Durability = .none
    ) throws(SystemError) {
        let (directory, temporary) = temporary(beside: path)
        let file = try OwnedFileDescriptor.open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: mode)
        do throws(SystemError) {
            try systemCall("fchmod", temporary) { file.withRawValue { fchmod($0, mode) } }
            try file.writeAll(content)
            if durability != .none { try file.fsync() }
            file.close()
            try systemCall("rename", path) { rename(temporary, path) }
        } catch {
            _ = unlink(temporary)
            throw error
        }
        if durability == .synced { try syncFolder(directory) }
    }

    /// Brings the names in a directory to disk. Blocking.
    package static func syncFolder(_ path: String) throws(SystemError) {
        try OwnedFileDescriptor.open(path, O_RDONLY | O_DIRECTORY).fsync()
    }

    /// Removes a file. A missing file is a success.
    package static func remove(_ path: String) throws(SystemError) {
        do throws(SystemError) {
            try systemCall("unlink", path) { unlink(path) }
        } catch {
            guard error.is(ENOENT) else { throw error }
        }
    }

    /// Makes or replaces a symbolic link, with a rename like `replace`. Blocking.
    package static func relink(_ path: String, to target: String) throws(SystemError) {
        let temporary = temporary(beside: path).path
        try systemCall("symlink", temporary) { symlink(target, temporary) }
        do throws(SystemError) {
            try systemCall("rename", path) { rename(temporary, path) }
        } catch {
            _ = unlink(temporary)
            throw error
        }
    }

    /// The leading dot and the pid keep the name out of the way of readers of the directory and of a second process.
    private static func temporary(beside path: String) -> (directory: String, path: String) {
        let number = counter.add(1, ordering: .relaxed).newValue
        let (directory, name) = split(path)
        return (directory, "\(directory)/.\(name).\(getpid())-\(number).tmp")
    }

    private static func split(_ path: String) -> (directory: String, name: String) {
        guard let slash = path.lastIndex(of: "/") else { return (".", path) }
        let directory = path[..<slash]
        return (directory.isEmpty ? "/" : String(directory), String(path[path.index(after: slash)...]))
    }
}
