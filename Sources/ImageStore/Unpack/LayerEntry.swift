import CArchive
import CLinux
import Glibc

/// One header of a layer's tar stream, checked for values that the kernel cannot express.
struct LayerEntry {
    enum Kind: Equatable {
        case file(size: Int64)
        case directory
        case symlink([UInt8])
        case hardlink(LayerPath)
        case node(type: mode_t, device: dev_t)
    }

    let path: LayerPath
    let kind: Kind
    /// Permission bits with setuid, setgid and sticky.
    let mode: mode_t
    let uid: uid_t
    let gid: gid_t
    let modified: timespec?
    let attributes: [(name: [CChar], value: [UInt8])]

    init(_ entry: OpaquePointer, limits: ImageLimits) throws(ImageStoreError) {
        guard let rawName = archive_entry_pathname(entry) ?? archive_entry_pathname_utf8(entry) else {
            throw Self.refused("an entry", "found a name that cannot be read")
        }
        let name = Self.bytes(rawName)
        guard let path = LayerPath(name) else {
            throw Self.refused(String(decoding: name.prefix(300), as: UTF8.self), "found a name that leads out of the layer or is too long")
        }
        self.path = path
        mode = archive_entry_perm(entry) & 0o7777
        uid = try Self.identifier(archive_entry_uid(entry), path)
        gid = try Self.identifier(archive_entry_gid(entry), path)
        modified =
            archive_entry_mtime_is_set(entry) != 0
            ? timespec(tv_sec: archive_entry_mtime(entry), tv_nsec: min(max(0, archive_entry_mtime_nsec(entry)), 999_999_999)) : nil
        kind = try Self.kind(entry, path)
        attributes = try Self.attributes(entry, path, limits)
    }

    private static func kind(_ entry: OpaquePointer, _ path: LayerPath) throws(ImageStoreError) -> Kind {
        if let rawTarget = archive_entry_hardlink(entry) ?? archive_entry_hardlink_utf8(entry) {
            guard let target = LayerPath(bytes(rawTarget)), !target.isRoot else {
                throw refused(path.text, "found a hard link to something outside of the layer")
            }
            return .hardlink(target)
        }
        switch archive_entry_filetype(entry) {
        case S_IFREG:
            let size = archive_entry_size(entry)
            guard size >= 0 else { throw refused(path.text, "found a size of \(size) bytes") }
            return .file(size: size)
        case S_IFDIR: return .directory
        case S_IFLNK:
            guard let rawTarget = archive_entry_symlink(entry) ?? archive_entry_symlink_utf8(entry) else {
                throw refused(path.text, "found a symlink without a readable target")
            }
            let target = bytes(rawTarget)
            guard !target.isEmpty, target.count <= LayerPath.longestPath else {
                throw refused(path.text, "found a symlink target of \(target.count) bytes")
            }
            return .symlink(target)
        case S_IFCHR: return .node(type: S_IFCHR, device: archive_entry_rdev(entry))
        case S_IFBLK: return .node(type: S_IFBLK, device: archive_entry_rdev(entry))
        case S_IFIFO: return .node(type: S_IFIFO, device: 0)
        case let other: throw refused(path.text, "found an entry of type \(String(other, radix: 8)), which a layer cannot have")
        }
    }

    /// Overlayfs' own attributes in a layer would let an image control the kernel's overlay; only this program writes attributes for whiteouts.
    private static let keptOut = ["trusted.overlay.", "user.overlay."]

    private static func attributes(
        _ entry: OpaquePointer, _ path: LayerPath, _ limits: ImageLimits
    ) throws(ImageStoreError) -> [(name: [CChar], value: [UInt8])] {
        var found: [(name: [CChar], value: [UInt8])] = []
        guard archive_entry_xattr_reset(entry) > 0 else { return found }
        var total = 0
        var name: UnsafePointer<CChar>?
        var value: UnsafeRawPointer?
        var size = 0
        while archive_entry_xattr_next(entry, &name, &value, &size) == ARCHIVE_OK {
            guard let name else { continue }
            let text = String(cString: name)
            total += text.utf8.count + size
            guard total <= limits.attributeBytes else {
                throw refused(path.text, "found more than \(limits.attributeBytes) bytes of extended attributes")
            }
            if keptOut.contains(where: text.hasPrefix) { continue }
            found.append((bytes(name).terminated, value.map { Array(UnsafeRawBufferPointer(start: $0, count: size)) } ?? []))
        }
        return found
    }

    private static func identifier(_ number: Int64, _ path: LayerPath) throws(ImageStoreError) -> UInt32 {
        // chown takes the last number as "unchanged".
        guard number >= 0, number < Int64(UInt32.max) else { throw refused(path.text, "found the owner \(number), wanted 0 to 4294967294") }
        return UInt32(number)
    }

    private static func bytes(_ pointer: UnsafePointer<CChar>) -> [UInt8] {
        Array(UnsafeRawBufferPointer(start: pointer, count: strlen(pointer)))
    }

    static func refused(_ object: String, _ detail: String) -> ImageStoreError {
        ImageStoreError(.malformed, "unpack", object, detail)
    }
}
