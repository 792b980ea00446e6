// Whole-module builds take `stat` from there.
import CArchive
import CLinux
import Glibc
import LinuxSystem

/// Writes the entries of one layer under one directory. Every name is resolved by the kernel inside that directory
/// (openat2), the last component never through a symlink, so that nothing outside is read or written.
struct LayerWriter {
    private let root: OwnedFileDescriptor
    private let resolver: SafePath
    private let limits: ImageLimits

    private(set) var entries = 0
    /// Bytes of files, as their headers claim.
    private(set) var bytes: Int64 = 0
    /// Directories that entries needed but the layer does not describe.
    private(set) var implied: Set<LayerPath> = []
    /// Set at the end, because every entry made in a directory changes its time.
    private var directoryTimes: [LayerPath: timespec] = [:]
    /// The directory of the previous entry, which mostly is the next entry's too.
    private var lastParent: (path: LayerPath, descriptor: OwnedFileDescriptor)?

    /// Bytes written since the last look at the free space.
    private var unchecked = 0

    private static let entriesBetweenLooks = 1024
    private static let bytesBetweenLooks = 32 << 20
    private static let mostImplied = 65536
    private static let whiteout = Array(".wh.".utf8)
    private static let opaque = Array(".wh..wh..opq".utf8)

    init(root: OwnedFileDescriptor, limits: ImageLimits) {
        self.root = root
        resolver = SafePath(root: root)
        self.limits = limits
    }

    mutating func write(_ entry: LayerEntry, from stream: LayerStream) throws(ImageStoreError) {
        entries += 1
        guard entries <= limits.entries else { throw HollowLayerCheck.refusal(limits) }
        guard entry.path.components.count <= limits.depth + 1 else {
            throw ImageStoreError(
                .tooLarge, "unpack", entry.path.text,
                "found an entry below \(entry.path.components.count - 1) directories, wanted at most \(limits.depth)"
                    + ImageLimits.advice("layerDepth"))
        }
        if entries % Self.entriesBetweenLooks == 1 { try FreeSpace.check(root, limits) }
        do {
            try place(entry, from: stream)
        } catch let error as ImageStoreError {
            throw error
        } catch let error as SystemError {
            throw LayerWriter.failure(error, entry.path)
        } catch {
            throw ImageStoreError(.store, "unpack", entry.path.text, "failed", cause: error)
        }
    }

    /// Distinguishes errors from the layer's own content from errors of the disk.
    private static func failure(_ error: SystemError, _ path: LayerPath) -> ImageStoreError {
        let own: [Int32] = [ELOOP, ENOTDIR, EXDEV, EEXIST, ENAMETOOLONG, EISDIR, ENOENT, ENOTEMPTY]
        if let number = error.errno, own.contains(number) {
            return ImageStoreError(.malformed, "unpack", path.text, "found an entry that does not fit into the layer", cause: error)
        }
        return ImageStoreError(error.is(ENOSPC) ? .noRoom : .store, "unpack", path.text, "cannot be written", cause: error)
    }

    private mutating func place(_ entry: LayerEntry, from stream: LayerStream) throws {
        if entry.path.isRoot {
            guard entry.kind == .directory else { throw LayerEntry.refused("/", "found a layer whose root is not a directory") }
            try describe(root, entry)
            directoryTimes[entry.path] = entry.modified
            return
        }
        let base = entry.path.base
        if base.starts(with: Self.whiteout) { return try placeWhiteout(entry.path) }

        let parent = try directory(entry.path.parent)
        let name = base.terminated
        switch entry.kind {
        case .directory:
            let opened = try makeDirectory(entry.path, in: parent)
            try describe(opened, entry)
            implied.remove(entry.path)
            directoryTimes[entry.path] = entry.modified
        case .file(let size):
            try clear(entry.path, in: parent)
            try writeFile(name, size, entry, in: parent, from: stream)
        case .symlink(let target):
            try clear(entry.path, in: parent)
            let terminated = target.terminated
            try systemCall("symlinkat", entry.path.text) { parent.withRawValue { symlinkat(terminated, $0, name) } }
            try describe(name, in: parent, entry, mode: false)
        case .hardlink(let target):
            let source = try resolver.openBytes(target.parent.joined, O_RDONLY | O_DIRECTORY)
            let sourceName = target.base.terminated
            if target != entry.path { try clear(entry.path, in: parent) }
            do throws(SystemError) {
                // Without AT_SYMLINK_FOLLOW: a link to a symlink is a link to the symlink.
                try systemCall("linkat", entry.path.text) {
                    source.withRawValue { from in parent.withRawValue { linkat(from, sourceName, $0, name, 0) } }
                }
            } catch {
                guard target == entry.path, error.is(EEXIST) else {
                    throw error.is(EPERM) ? LayerEntry.refused(entry.path.text, "found a hard link to a directory") : error
                }
            }
        case .node(let type, let device):
            try clear(entry.path, in: parent)
            try systemCall("mknodat", entry.path.text) { parent.withRawValue { mknodat($0, name, type | 0o600, device) } }
            try describe(name, in: parent, entry, mode: true)
        }
    }

    /// Times of directories, deepest first, after the last entry.
    mutating func finish() throws(ImageStoreError) {
        // A later entry may have replaced a directory.
        implied = implied.filter { (try? resolver.openBytes($0.joined, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)) != nil }
        for (path, time) in directoryTimes.sorted(by: { $0.key.components.count > $1.key.components.count }) {
            do throws(SystemError) {
                let opened = try resolver.openBytes(path.joined, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
                let times = [time, time]
                try systemCall("utimensat", path.text) { opened.withRawValue { futimens($0, times) } }
            } catch {
                // A later entry may have replaced the directory.
                guard error.isNotFound || error.is(ELOOP) else { throw Self.failure(error, path) }
            }
        }
    }

    // MARK: Directories

    /// Returns the directory at `path`, made with its parents where the layer has not described them.
    private mutating func directory(_ path: LayerPath) throws -> OwnedFileDescriptor {
        if let lastParent, lastParent.path == path { return lastParent.descriptor }
        let found: OwnedFileDescriptor
        do throws(SystemError) {
            found = try resolver.openBytes(path.joined, O_RDONLY | O_DIRECTORY)
        } catch {
            guard error.is(ENOENT) || error.is(ENOTDIR), !path.isRoot else { throw error }
            let above = try directory(path.parent)
            // Only a whiteout gives way to a directory without an entry; a file or a dangling link does not.
            if try kind(path.base.terminated, in: above) == .other { throw SystemError(call: "openat2", path: path.text, errno: ENOTDIR) }
            found = try makeDirectory(path, in: above)
            guard implied.count < Self.mostImplied else {
                throw ImageStoreError(
                    .tooLarge, "unpack", path.text, "found more than \(Self.mostImplied) directories that the layer does not describe")
            }
            implied.insert(path)
        }
        lastParent = (path, found)
        return found
    }

    /// Returns the directory, new or existing. A directory in place of a whiteout of this layer is opaque: it hides the layers below.
    private mutating func makeDirectory(_ path: LayerPath, in parent: OwnedFileDescriptor) throws -> OwnedFileDescriptor {
        let name = path.base.terminated
        var hides = false
        switch try kind(name, in: parent) {
        case .directory: return try SafePath(root: parent).openBytes(path.base, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
        case .whiteout:
            hides = true
            try clear(path, in: parent)
        case .other: try clear(path, in: parent)
        case .nothing: break
        }
        try systemCall("mkdirat", path.text) { parent.withRawValue { mkdirat($0, name, 0o755) } }
        let made = try SafePath(root: parent).openBytes(path.base, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
        try systemCall("fchmod", path.text) { made.withRawValue { fchmod($0, 0o755) } }
        if hides { try makeOpaque(made, path) }
        return made
    }

    private enum Existing { case nothing, directory, whiteout, other }

    private func kind(_ name: [CChar], in parent: OwnedFileDescriptor) throws(SystemError) -> Existing {
        var status = stat()
        do throws(SystemError) {
            try systemCall("fstatat") { parent.withRawValue { fstatat($0, name, &status, SWL_AT_SYMLINK_NOFOLLOW) } }
        } catch {
            guard error.is(ENOENT) else { throw error }
            return .nothing
        }
        switch status.st_mode & S_IFMT {
        case S_IFDIR: return .directory
        case S_IFCHR where status.st_rdev == 0: return .whiteout
        default: return .other
        }
    }

    /// Removes an earlier entry of that name: the later entry of a layer counts.
    private mutating func clear(_ path: LayerPath, in parent: OwnedFileDescriptor) throws {
        let name = path.base.terminated
        switch try kind(name, in: parent) {
        case .nothing: return
        case .directory:
            // Descriptors and times of the removed directory must not be used again.
            lastParent = nil
            guard let entry = FileName(bytes: path.base) else { throw LayerEntry.refused(path.text, "found no name") }
            try TreeRemoval.remove(entry, in: parent, path: path.text)
        case .whiteout, .other:
            lastParent = nil
            try systemCall("unlinkat", path.text) { parent.withRawValue { unlinkat($0, name, 0) } }
        }
    }

    // MARK: Whiteouts

    private mutating func placeWhiteout(_ path: LayerPath) throws {
        if path.base == Self.opaque {
            let parent = try directory(path.parent)
            try makeOpaque(parent, path.parent)
            return
        }
        let hidden = Array(path.base.dropFirst(Self.whiteout.count))
        // Internal files of aufs.
        if hidden.starts(with: Self.whiteout) { return }
        guard !hidden.isEmpty, hidden != Array(".".utf8), hidden != Array("..".utf8) else {
            throw LayerEntry.refused(path.text, "found a whiteout of nothing")
        }
        let target = path.replacingBase(hidden)
        let parent = try directory(path.parent)
        let name = hidden.terminated
        switch try kind(name, in: parent) {
        case .whiteout, .other: return
        case .directory:
            // A whiteout concerns the layers below only, so the layer's own directory stays and hides theirs.
            try makeOpaque(try SafePath(root: parent).openBytes(hidden, O_RDONLY | O_DIRECTORY | O_NOFOLLOW), target)
        case .nothing:
            try systemCall("mknodat", target.text) { parent.withRawValue { mknodat($0, name, S_IFCHR, 0) } }
        }
    }

    private func makeOpaque(_ directory: OwnedFileDescriptor, _ path: LayerPath) throws(SystemError) {
        try systemCall("fsetxattr", path.text) { directory.withRawValue { swl_fsetxattr($0, "trusted.overlay.opaque", "y", 1) } }
    }

    // MARK: Content and metadata

    private mutating func writeFile(
        _ name: [CChar], _ size: Int64, _ entry: LayerEntry, in parent: OwnedFileDescriptor, from stream: LayerStream
    ) throws {
        let (total, overflow) = bytes.addingReportingOverflow(size)
        // The header's size, not the data's: a sparse file of a few bytes may claim any size.
        guard !overflow, total <= limits.unpackedBytes else {
            throw ImageStoreError(
                .tooLarge, "unpack", entry.path.text,
                "found more than \(limits.unpackedBytes) bytes of files\(ImageLimits.advice("unpackedLayerSize"))")
        }
        bytes = total
        let file = try descriptorCall("openat", entry.path.text) {
            parent.withRawValue { openat($0, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600) }
        }
        var end: Int64 = 0
        try stream.readData { (part, offset) throws(ImageStoreError) in
            guard offset >= 0, offset <= size, Int64(part.count) <= size - offset else {
                throw LayerEntry.refused(entry.path.text, "found more data than the \(size) bytes of its header")
            }
            // Left out like a hole, so that zeros take no room.
            if Self.isZero(part) { return }
            unchecked += part.count
            if unchecked >= Self.bytesBetweenLooks {
                unchecked = 0
                try FreeSpace.check(root, limits)
            }
            var done = 0
            while done < part.count, let start = part.baseAddress {
                let position = done
                do throws(SystemError) {
                    done += try systemCall("pwrite", entry.path.text) {
                        file.withRawValue { pwrite($0, start + position, part.count - position, Int(offset) + position) }
                    }
                } catch {
                    throw Self.failure(error, entry.path)
                }
            }
            end = max(end, offset + Int64(part.count))
        }
        if end < size { try systemCall("ftruncate", entry.path.text) { file.withRawValue { ftruncate($0, Int(size)) } } }
        try describe(file, entry)
        if let time = entry.modified {
            let times = [time, time]
            try systemCall("futimens", entry.path.text) { file.withRawValue { futimens($0, times) } }
        }
    }

    /// Whether a part of at least one block holds zeros alone.
    private static func isZero(_ part: UnsafeRawBufferPointer) -> Bool {
        guard part.count >= 4096, let start = part.baseAddress, part[0] == 0 else { return false }
        return memcmp(start, start + 1, part.count - 1) == 0
    }

    /// Owner first, because changing it takes setuid and file capabilities away.
    private func describe(_ descriptor: OwnedFileDescriptor, _ entry: LayerEntry) throws {
        try systemCall("fchown", entry.path.text) { descriptor.withRawValue { fchown($0, entry.uid, entry.gid) } }
        try systemCall("fchmod", entry.path.text) { descriptor.withRawValue { fchmod($0, entry.mode) } }
        for attribute in entry.attributes {
            do throws(SystemError) {
                try systemCall("fsetxattr", entry.path.text) {
                    descriptor.withRawValue { swl_fsetxattr($0, attribute.name, attribute.value, attribute.value.count) }
                }
            } catch {
                if error.is(ENOSPC) || error.is(E2BIG) { throw try refusal(of: attribute, entry, error) }
                // A file system without that kind of attribute, e.g. `user.` on a directory of tmpfs.
                guard error.is(ENOTSUP) || error.is(EPERM) && !isSecurity(attribute.name) else { throw error }
            }
        }
    }

    /// A file system that bounds attributes more tightly reports this like a full disk, for which images would be removed.
    private func refusal(
        of attribute: (name: [CChar], value: [UInt8]), _ entry: LayerEntry, _ error: SystemError
    ) throws(ImageStoreError) -> ImageStoreError {
        try FreeSpace.check(root, limits)
        let name = String(decoding: attribute.name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return ImageStoreError(
            .unsupported, "unpack", entry.path.text,
            "found the extended attribute \(name) of \(attribute.value.count) bytes, which the image store's file system does not take", cause: error)
    }

    private func isSecurity(_ name: [CChar]) -> Bool { name.starts(with: "security.".utf8.map { CChar(bitPattern: $0) }) }

    /// Sets owner, mode and time of files that cannot be opened: symlinks, devices, FIFOs. Their extended attributes are not kept.
    private func describe(_ name: [CChar], in parent: OwnedFileDescriptor, _ entry: LayerEntry, mode: Bool) throws(SystemError) {
        try systemCall("fchownat", entry.path.text) {
            parent.withRawValue { fchownat($0, name, entry.uid, entry.gid, SWL_AT_SYMLINK_NOFOLLOW) }
        }
        // This process has just made the file under this name, and no other process can write here: the file is not a symlink.
        if mode { try systemCall("fchmodat", entry.path.text) { parent.withRawValue { fchmodat($0, name, entry.mode, 0) } } }
        if let time = entry.modified {
            let times = [time, time]
            try systemCall("utimensat", entry.path.text) { parent.withRawValue { utimensat($0, name, times, SWL_AT_SYMLINK_NOFOLLOW) } }
        }
    }
}

extension SafePath {
    /// Opens a path of the layer, whose names may not be UTF-8. Stays in the root and on its mount.
    func openBytes(_ path: [UInt8], _ flags: Int32) throws(SystemError) -> OwnedFileDescriptor {
        try open(bytes: path, flags, rules: [.inRoot, .noMountCrossing])
    }
}
