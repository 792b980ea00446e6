import Glibc

/// Space and inodes of a file system (`statvfs`). May block on a network file system.
package struct FileSystemStats: Sendable, Hashable {
    /// Bytes.
    package let capacity: UInt64
    /// Bytes that an unprivileged program can still write.
    package let available: UInt64
    package let used: UInt64
    package let inodes: UInt64
    package let inodesFree: UInt64
    /// Also of a file system that the kernel has made read-only after an error.
    package let isReadOnly: Bool

    package var inodesUsed: UInt64 { inodes &- min(inodes, inodesFree) }

    package init(path: String) throws(SystemError) {
        var raw = statvfs()
        try systemCall("statvfs", path) { statvfs(path, &raw) }
        let unit = UInt64(raw.f_frsize)
        capacity = UInt64(raw.f_blocks) * unit
        available = UInt64(raw.f_bavail) * unit
        used = UInt64(raw.f_blocks - min(raw.f_blocks, raw.f_bfree)) * unit
        inodes = UInt64(raw.f_files)
        inodesFree = UInt64(raw.f_ffree)
        isReadOnly = raw.f_flag & UInt(ST_RDONLY) != 0
    }
}
