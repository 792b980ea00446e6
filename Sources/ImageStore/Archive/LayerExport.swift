import CArchive
import CLinux
import Glibc
import LinuxSystem

/// Writes an unpacked layer as the tar stream of a layer: overlayfs' whiteouts become files again. Blocking.
struct LayerExport {
    private let writer: TarWriter
    /// Files with several names that have been written, by inode.
    private var linked: [UInt64: [UInt8]] = [:]

    static func write(_ directory: String, to writer: TarWriter) throws {
        // libarchive turns names into the locale's characters: see LayerExtraction.
        let locale = newlocale(1 << LC_CTYPE, "C.UTF-8", nil)
        let before = uselocale(locale)
        defer {
            _ = uselocale(before)
            if let locale { freelocale(locale) }
        }
        var export = LayerExport(writer: writer)
        let root = try OwnedFileDescriptor.open(directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
        try export.addContent(of: root, [])
    }

    private init(writer: TarWriter) { self.writer = writer }

    private mutating func addContent(of directory: OwnedFileDescriptor, _ path: [UInt8]) throws {
        if isOpaque(directory) { try addMark(path + Array(".wh..wh..opq".utf8)) }
        for name in try DirectoryListing.entries(of: directory).sorted() {
            var status = stat()
            try systemCall("fstatat", name.description) {
                directory.withRawValue { fstatat($0, name.cString, &status, SWL_AT_SYMLINK_NOFOLLOW) }
            }
            try add(name, status, in: directory, path)
        }
    }

    private mutating func add(_ name: FileName, _ status: stat, in directory: OwnedFileDescriptor, _ above: [UInt8]) throws {
        let path = above + name.bytes
        switch status.st_mode & S_IFMT {
        case S_IFDIR:
            let opened = try open(name, in: directory, O_DIRECTORY)
            try writer.add(path + [UInt8(ascii: "/")]) { Self.describe($0, status, attributes: opened) }
            try addContent(of: opened, path + [UInt8(ascii: "/")])
        case S_IFREG:
            if let first = linked[UInt64(status.st_ino)] {
                try writer.add(path) { entry in
                    Self.describe(entry, status)
                    archive_entry_copy_hardlink(entry, first.terminated)
                }
                return
            }
            if status.st_nlink > 1 { linked[UInt64(status.st_ino)] = path }
            let opened = try open(name, in: directory, O_NONBLOCK)
            try writer.add(path) { entry in
                Self.describe(entry, status, attributes: opened)
                archive_entry_set_size(entry, Int64(status.st_size))
            }
            try writer.copy(opened)
        case S_IFLNK:
            var buffer = [CChar](repeating: 0, count: LayerPath.longestPath + 1)
            let count = try systemCall("readlinkat", name.description) {
                directory.withRawValue { readlinkat($0, name.cString, &buffer, buffer.count - 1) }
            }
            let target = Array(buffer.prefix(Int(count))) + [0]
            try writer.add(path) { entry in
                Self.describe(entry, status)
                archive_entry_copy_symlink(entry, target)
            }
        case S_IFCHR where status.st_rdev == 0: try addMark(above + Array(".wh.".utf8) + name.bytes)
        default:
            try writer.add(path) { entry in
                Self.describe(entry, status)
                archive_entry_set_rdev(entry, status.st_rdev)
            }
        }
    }

    private func open(_ name: FileName, in directory: OwnedFileDescriptor, _ flags: Int32) throws(SystemError) -> OwnedFileDescriptor {
        try descriptorCall("openat", name.description) {
            directory.withRawValue { openat($0, name.cString, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | flags) }
        }
    }

    private func addMark(_ path: [UInt8]) throws(ImageStoreError) {
        try writer.add(path) { entry in
            archive_entry_set_filetype(entry, S_IFREG)
            archive_entry_set_perm(entry, 0)
            archive_entry_set_size(entry, 0)
            archive_entry_set_mtime(entry, 0, 0)
        }
    }

    private func isOpaque(_ directory: OwnedFileDescriptor) -> Bool {
        var value: UInt8 = 0
        return directory.withRawValue { swl_fgetxattr($0, "trusted.overlay.opaque", &value, 1) } == 1 && value == UInt8(ascii: "y")
    }

    private static func describe(_ entry: OpaquePointer, _ status: stat, attributes file: OwnedFileDescriptor? = nil) {
        archive_entry_set_filetype(entry, status.st_mode & S_IFMT)
        archive_entry_set_perm(entry, status.st_mode & 0o7777)
        archive_entry_set_uid(entry, Int64(status.st_uid))
        archive_entry_set_gid(entry, Int64(status.st_gid))
        archive_entry_set_mtime(entry, status.st_mtim.tv_sec, status.st_mtim.tv_nsec)
        guard let file else { return }
        for name in names(of: file) where !name.starts(with: overlay) {
            var value = [UInt8](repeating: 0, count: 64 << 10)
            let count = file.withRawValue { swl_fgetxattr($0, name + [0], &value, value.count) }
            if count >= 0 { archive_entry_xattr_add_entry(entry, name + [0], value, count) }
        }
    }

    private static let overlay = "trusted.overlay.".utf8.map { CChar(bitPattern: $0) }

    private static func names(of file: OwnedFileDescriptor) -> [[CChar]] {
        var list = [CChar](repeating: 0, count: 64 << 10)
        let count = file.withRawValue { swl_flistxattr($0, &list, list.count) }
        return count > 0 ? list.prefix(Int(count)).split(separator: 0).map(Array.init) : []
    }
}
