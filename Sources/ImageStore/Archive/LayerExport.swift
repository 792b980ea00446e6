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
        if LayerEntries.isOpaque(directory) { try addMark(path + Array(".wh..wh..opq".utf8)) }
        for name in try DirectoryListing.entries(of: directory).sorted() {
            try add(name, LayerEntries.status(of: name.cString, in: directory, name.description), in: directory, path)
        }
    }

    private mutating func add(_ name: FileName, _ status: stat, in directory: OwnedFileDescriptor, _ above: [UInt8]) throws {
        let path = above + name.bytes
        switch status.st_mode & S_IFMT {
        case S_IFDIR:
            let opened = try LayerEntries.open(name.cString, in: directory, O_DIRECTORY, name.description)
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
            let opened = try LayerEntries.open(name.cString, in: directory, O_NONBLOCK, name.description)
            try writer.add(path) { entry in
                Self.describe(entry, status, attributes: opened)
                archive_entry_set_size(entry, Int64(status.st_size))
            }
            try writer.copy(opened)
        case S_IFLNK:
            let target = try LayerEntries.target(of: name.cString, in: directory, name.description).terminated
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

    private func addMark(_ path: [UInt8]) throws(ImageStoreError) {
        try writer.add(path) { entry in
            archive_entry_set_filetype(entry, S_IFREG)
            archive_entry_set_perm(entry, 0)
            archive_entry_set_size(entry, 0)
            archive_entry_set_mtime(entry, 0, 0)
        }
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
