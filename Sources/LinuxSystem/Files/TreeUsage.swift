import Glibc

/// The part of a disk that a directory tree takes, like `du`: a file with several names counts once, links are not followed, and other file systems
/// mounted inside do not count.
package struct TreeUsage: Sendable, Hashable {
    /// Bytes really allocated.
    package private(set) var bytes: UInt64 = 0
    package private(set) var inodes: UInt64 = 0

    /// The deepest level that is looked into, as each level holds descriptors. What lies deeper does not count.
    private static let deepest = 200
    /// The most files with several names that are remembered. Beyond, each name counts.
    private static let mostLinked = 1 << 18

    init(bytes: UInt64, inodes: UInt64) {
        self.bytes = bytes
        self.inodes = inodes
    }

    /// Walks the tree below `path`, which itself counts. Nothing there is no use. Blocking, however large the tree: at most for `limit`.
    /// - Throws: `.timedOut` after `limit`.
    package init(of path: String, within limit: Duration) throws(SystemError) {
        let root: OwnedFileDescriptor
        do throws(SystemError) {
            root = try .open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
        } catch {
            if error.isNotFound { return }
            throw error
        }
        let status = try FileStatus(of: root)
        var walk = Walk(path: path, device: status.device, deadline: KernelClock.monotonic + limit.nanoseconds)
        count(status, &walk)
        try look(into: root, depth: 0, &walk)
    }

    private struct Walk {
        let path: String
        let device: UInt64
        /// Monotonic nanoseconds.
        let deadline: Int64
        var linked: Set<UInt64> = []
    }

    private mutating func count(_ status: FileStatus, _ walk: inout Walk) {
        if status.kind != .directory, status.links > 1, walk.linked.count < Self.mostLinked, !walk.linked.insert(status.inode).inserted { return }
        bytes += status.allocated
        inodes += 1
    }

    /// Entry by entry: a pod may make a directory of any size.
    private mutating func look(into directory: OwnedFileDescriptor, depth: Int, _ walk: inout Walk) throws(SystemError) {
        // A descriptor of its own: fdopendir takes it over and moves its read position.
        let number = try directory.openAt(".", O_RDONLY | O_DIRECTORY).release()
        guard let stream = fdopendir(number) else {
            let error = Glibc.errno
            _ = Glibc.close(number)
            throw SystemError(call: "fdopendir", path: walk.path, errno: error)
        }
        defer { closedir(stream) }
        while true {
            guard KernelClock.monotonic < walk.deadline else {
                throw SystemError(code: .timedOut, call: "measure", path: walk.path, errno: ETIMEDOUT)
            }
            Glibc.errno = 0
            guard let entry = readdir(stream) else {
                let error = Glibc.errno
                if error != 0 { throw SystemError(call: "readdir", path: walk.path, errno: error) }
                return
            }
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { FileName(entry: $0) }
            }
            if Self.isOwn(name) { continue }
            try look(at: name, in: directory, depth: depth, &walk)
        }
    }

    /// The entries `.` and `..`.
    private static func isOwn(_ name: FileName) -> Bool {
        let dot = CChar(bitPattern: UInt8(ascii: "."))
        return name.cString == [dot, 0] || name.cString == [dot, dot, 0]
    }

    private mutating func look(at name: FileName, in directory: OwnedFileDescriptor, depth: Int, _ walk: inout Walk) throws(SystemError) {
        do throws(SystemError) {
            let status = try FileStatus(of: name, in: directory)
            guard status.device == walk.device, !status.isMountRoot else { return }
            count(status, &walk)
            guard status.kind == .directory, depth < Self.deepest else { return }
            let below = try SafePath(root: directory)
                .open(name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, rules: [.beneath, .noSymlinks, .noMountCrossing])
            try look(into: below, depth: depth + 1, &walk)
        } catch {
            // Removed or replaced meanwhile, or a mount point.
            guard error.isNotFound || error.is(EXDEV) || error.is(ELOOP) else { throw error }
        }
    }
}
