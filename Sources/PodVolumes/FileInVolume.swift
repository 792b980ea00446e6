import CLinux
import Glibc
import LinuxSystem

/// A file that the containers of a pod have written into a volume. They may make it anything, and change it at any time. Blocking.
enum FileInVolume {
    /// Returns `nil` if nothing has this name.
    static func read(_ path: String, in volume: String, limit: Int) throws(SystemError) -> [UInt8]? {
        let name = try SafePath.components(path).joined(separator: "/")
        let root = SafePath(root: try .open(volume, SWL_O_PATH | O_DIRECTORY | O_NOFOLLOW))
        let found: OwnedFileDescriptor
        do throws(SystemError) {
            // Looked at before it is opened: a FIFO would block, and opening a device may do something.
            found = try root.open(name, SWL_O_PATH, rules: [.beneath, .noMountCrossing])
        } catch {
            if error.isNotFound { return nil }
            guard error.is(EXDEV) else { throw error }
            throw SystemError(code: .escapes, call: "openat2", path: path, detail: "wanted a file in the volume, found a link or a mount out of it")
        }
        let status = try FileStatus(of: found)
        guard status.kind == .file else {
            throw SystemError(code: .malformed, call: "open", path: path, detail: "wanted a regular file, found a \(status.kind)")
        }
        guard status.size <= UInt64(limit) else {
            throw SystemError(code: .tooLarge, call: "read", path: path, detail: "wanted at most \(limit) bytes, found \(status.size)")
        }
        // The very file that was looked at. A container's lease on it must not block either.
        return try OwnedFileDescriptor.open(found.procPath, O_RDONLY | O_NONBLOCK).readAll(limit: limit, path: path)
    }
}
