import CLinux
import Glibc

/// The answer of `statx` about a file. A final symlink is not followed unless `follow` is set.
package struct FileStatus: Sendable, Equatable {
    package enum Kind: Sendable, Equatable {
        case file, directory, symlink, socket, characterDevice, blockDevice, fifo, other
    }

    package let kind: Kind
    /// Permission bits with setuid, setgid and sticky (07777).
    package let mode: UInt32
    package let uid: UInt32
    package let gid: UInt32
    package let inode: UInt64
    package let device: UInt64
    /// The mount's ID as in mountinfo, 0 when the kernel does not tell.
    package let mountID: UInt64
    /// Whether the object is the root of a mount.
    package let isMountRoot: Bool
    /// Bytes.
    package let size: UInt64
    /// Bytes really allocated.
    package let allocated: UInt64
    package let links: UInt32
    /// Modification time, nanoseconds since 1970.
    package let modified: Int64

    package init(of path: String, follow: Bool = false) throws(SystemError) {
        try self.init(path, in: AT_FDCWD, follow: follow)
    }

    /// The entry `name` of an open directory.
    package init(of name: String, in directory: OwnedFileDescriptor) throws(SystemError) {
        self = try directory.withRawValue { (number) throws(SystemError) in try FileStatus(name, in: number, follow: false) }
    }

    /// Like the above, for a name that may not be UTF-8.
    package init(of name: FileName, in directory: OwnedFileDescriptor) throws(SystemError) {
        self = try directory.withRawValue { (number) throws(SystemError) in
            try FileStatus(name.cString, name.description, in: number, flags: SWL_AT_SYMLINK_NOFOLLOW)
        }
    }

    /// The open object itself, `O_PATH` included.
    package init(of descriptor: OwnedFileDescriptor) throws(SystemError) {
        self = try descriptor.withRawValue { (number) throws(SystemError) in try FileStatus("", in: number, follow: false) }
    }

    private init(_ path: String, in directory: Int32, follow: Bool) throws(SystemError) {
        var flags = follow ? 0 : SWL_AT_SYMLINK_NOFOLLOW
        if path.isEmpty { flags |= SWL_AT_EMPTY_PATH }
        try self.init(Array(path.utf8CString), path, in: directory, flags: flags)
    }

    private init(_ path: [CChar], _ text: String, in directory: Int32, flags: Int32) throws(SystemError) {
        var raw = swl_stat()
        try systemCall("statx", text) { swl_statx(directory, path, flags, &raw) }
        kind =
            switch raw.mode & S_IFMT {
            case S_IFREG: .file
            case S_IFDIR: .directory
            case S_IFLNK: .symlink
            case S_IFSOCK: .socket
            case S_IFCHR: .characterDevice
            case S_IFBLK: .blockDevice
            case S_IFIFO: .fifo
            default: .other
            }
        mode = raw.mode & 0o7777
        uid = raw.uid
        gid = raw.gid
        inode = raw.inode
        device = UInt64(raw.device_major) << 32 | UInt64(raw.device_minor)
        mountID = raw.mount_id
        isMountRoot = raw.is_mount_root != 0
        size = raw.size
        allocated = raw.blocks * 512
        links = raw.links
        modified = raw.mtime_sec * 1_000_000_000 + Int64(raw.mtime_nsec)
    }

    /// The status, or `nil` when nothing has that name.
    package static func ifPresent(_ path: String, follow: Bool = false) throws(SystemError) -> FileStatus? {
        do throws(SystemError) {
            return try FileStatus(of: path, follow: follow)
        } catch {
            if error.isNotFound { return nil }
            throw error
        }
    }
}
