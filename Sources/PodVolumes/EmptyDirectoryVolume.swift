import Glibc
import LinuxSystem
import Synchronization

/// `emptyDir`: a directory that exists as long as its pod, on disk, as a tmpfs or in huge pages. Also carries the file volumes. Blocking.
struct EmptyDirectoryVolume: Sendable {
    enum Medium: Sendable, Hashable {
        /// `isCounted`: by the file system, where it has project quotas.
        case disk(isCounted: Bool = false)
        /// At most so many bytes; `nil` is the kernel's default, half of the memory.
        case memory(sizeLimit: Int64?)
        /// A hugetlbfs, whose files are mapped and cannot be written.
        case hugePages(pageSize: Int64, sizeLimit: Int64?)
    }

    let path: String
    let medium: Medium
    /// Group that owns the root.
    let fsGroup: UInt32?
    /// Bits that the group gets besides: read and write, or read only for what the agent alone writes.
    let groupMode: UInt32

    /// Content of the pod: the group may write.
    static let writable: UInt32 = 0o770
    /// Content of the agent.
    static let readOnly: UInt32 = 0o550

    /// In memory the root is sticky, as the root of any tmpfs.
    private var mode: UInt32 { (isInMemory ? 0o1777 : 0o777) | (fsGroup == nil ? 0 : groupMode | 0o2000) }

    private var isInMemory: Bool { if case .disk = medium { false } else { true } }

    /// Makes the directory or mounts the tmpfs, with its owner and mode. May be repeated: content is kept, and what the pod
    /// has done to the root as well.
    func mount() throws(SystemError) {
        guard let slash = path.lastIndex(of: "/") else { throw SystemError(code: .malformed, call: "mkdir", path: path) }
        let parent = String(path[..<slash])
        try Directories.make(parent, mode: 0o750)
        switch medium {
        case .disk(let isCounted):
            guard try FileStatus.ifPresent(path) == nil else { return }
            try makeDirectory(in: parent, name: String(path[path.index(after: slash)...]), isCounted: isCounted)
        case .memory(let sizeLimit):
            try Self.makeIfMissing(path)
            if try !FileStatus(of: path).isMountRoot { try mountMemory(sizeLimit: sizeLimit) }
        case .hugePages(let pageSize, let sizeLimit):
            try Self.makeIfMissing(path)
            if try !FileStatus(of: path).isMountRoot { try mountHugePages(pageSize, sizeLimit: sizeLimit) }
        }
    }

    /// Uses another name until owner and mode are right, so that an interrupted try does not look finished.
    private func makeDirectory(in parent: String, name: String, isCounted: Bool) throws(SystemError) {
        let temporary = parent + "/.new-" + name
        try Self.makeIfMissing(temporary)
        let root = try OwnedFileDescriptor.open(temporary, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
        if isCounted { ProjectQuota.begin(at: root) }
        // Group before mode: chown clears setgid.
        if let fsGroup { try systemCall("fchown", temporary) { root.withRawValue { fchown($0, uid_t.max, fsGroup) } } }
        try systemCall("fchmod", temporary) { [mode] in root.withRawValue { fchmod($0, mode) } }
        try systemCall("rename", path) { rename(temporary, path) }
    }

    private static func makeIfMissing(_ path: String) throws(SystemError) {
        do throws(SystemError) {
            try systemCall("mkdir", path) { mkdir(path, 0o700) }
        } catch {
            guard error.is(EEXIST) else { throw error }
        }
    }

    /// Whether the kernel supports `noswap` (since 6.4); the first mount finds out.
    private static let knowsNoSwap = Mutex(true)

    private var ownerOptions: [String] { ["mode=" + String(mode, radix: 8)] + (fsGroup.map { ["gid=\($0)"] } ?? []) }

    private func mountHugePages(_ pageSize: Int64, sizeLimit: Int64?) throws(SystemError) {
        var options = ownerOptions + ["pagesize=\(pageSize)"]
        // The kernel counts whole pages.
        if let sizeLimit, sizeLimit >= pageSize { options.append("size=\(sizeLimit)") }
        try Mounts.mount(source: "nodev", at: path, type: "hugetlbfs", flags: 0, data: options.joined(separator: ","))
        // Its mount option knows no setgid.
        try systemCall("chmod", path) { [mode] in chmod(path, mode) }
    }

    private func mountMemory(sizeLimit: Int64?) throws(SystemError) {
        var options = ownerOptions
        if let sizeLimit, sizeLimit > 0 { options.append("size=\(sizeLimit)") }
        if Self.knowsNoSwap.withLock({ $0 }) {
            do throws(SystemError) {
                try Mounts.tmpfs(at: path, options: options + ["noswap"])
                return
            } catch {
                guard error.is(EINVAL) else { throw error }
            }
        }
        try Mounts.tmpfs(at: path, options: options)
        // The mount succeeded without noswap, so noswap was the problem.
        Self.knowsNoSwap.withLock { $0 = false }
    }
}
