import Glibc
import LinuxSystem
import PodCore

/// `local`: a directory of this node, bound into the pod's folder, or a disk, mounted there. Blocking.
struct LocalVolume: Sendable {
    static let plugin = "kubernetes.io~local-volume"

    let storage: LocalStorage
    let path: String
    /// Gets the files, unless another pod has the storage already.
    let owner: GroupOwnership?
    /// The folder of all pods.
    let pods: String

    private var source: String { storage.source }
    private var options: MountOptions { MountOptions(storage.options + (storage.isReadOnly ? ["ro"] : [])) }

    /// Mounts the storage unless that is done. Nothing is made on the node's side: a disk that is not there must not turn into a directory.
    /// - Returns: the files that stay as they were.
    func mount() throws -> GroupOwnership.Refused {
        guard !source.split(separator: "/").contains("..") else {
            throw VolumeFailure(.invalid, "invalid path: \(storage.path) must not contain '..'")
        }
        if try MountTable.mount(at: path) != nil { return GroupOwnership.Refused() }
        guard let status = try FileStatus.ifPresent(source, follow: true) else {
            throw VolumeFailure(.invalid, "the local volume's path \(source) does not exist on this node: make it, or mount the disk that holds it")
        }
        switch status.kind {
        case .directory: return try bind()
        case .blockDevice: return try mountDisk()
        default: throw VolumeFailure(.invalid, "only directory and block device are supported: \(source) is neither")
        }
    }

    private func bind() throws -> GroupOwnership.Refused {
        let options = options
        if let option = options.ofFileSystem.first {
            throw VolumeFailure(.invalid, "mount option \"\(option)\" cannot be had for the directory \(source): it belongs to a whole file system")
        }
        let tree = try Mounts.cloneTree(source)
        if !options.attributes.isEmpty || !options.clearedAttributes.isEmpty {
            try Mounts.setAttributes(of: tree, set: options.attributes, clear: options.clearedAttributes)
        }
        // Made first: when the pod is gone by the time its files have their group, there is no place for the mount.
        try Directories.make(path, mode: 0o750)
        let refused = try giveFiles(of: tree)
        // Attached last, so that an interrupted try does not look finished.
        try Mounts.attach(tree, at: path)
        return refused
    }

    private func mountDisk() throws -> GroupOwnership.Refused {
        guard owner != nil, !storage.isReadOnly else {
            try mountDisk(at: path)
            return GroupOwnership.Refused()
        }
        // Beside its place until the files have their group.
        let folder = path.split(separator: "/").dropLast().joined(separator: "/")
        let beside = "/\(folder)/.new-\(storage.folder)"
        if try MountTable.mount(at: beside) == nil { try mountDisk(at: beside) }
        let tree = try Mounts.cloneTree(beside)
        try Directories.make(path, mode: 0o750)
        let refused = try giveFiles(of: tree)
        try Mounts.attach(tree, at: path)
        try Mounts.unmount(beside)
        rmdir(beside)
        return refused
    }

    /// A read-only volume keeps its owners, and so does one that another pod has.
    private func giveFiles(of tree: OwnedFileDescriptor) throws -> GroupOwnership.Refused {
        guard let owner, !storage.isReadOnly else { return GroupOwnership.Refused() }
        let root = try FileStatus(of: tree)
        let others = try MountTable.mounts(under: pods).filter { $0.mountPoint.contains("/volumes/\(Self.plugin)/") }
        let isShared = try others.contains { other in
            guard !other.mountPoint.contains("/.new-"), let status = try FileStatus.ifPresent(other.mountPoint) else { return false }
            return status.device == root.device && status.inode == root.inode
        }
        return isShared ? GroupOwnership.Refused() : try owner.apply(to: tree)
    }

    private func mountDisk(at path: String) throws {
        let options = options
        try Directories.make(path, mode: 0o750)
        do throws(SystemError) {
            try Mounts.mount(
                source: source, at: path, type: storage.fileSystem, flags: options.mountFlags, data: options.data.joined(separator: ","))
        } catch {
            rmdir(path)
            var hint = ""
            if error.is(EINVAL) { hint = ": is there a file system \(storage.fileSystem) on it? This node formats no disks" }
            if error.is(ENODEV) { hint = ": the kernel does not know this file system" }
            throw VolumeFailure(.system, "local: failed to mount device \(source) at \(path) (fstype: \(storage.fileSystem)): \(error)\(hint)")
        }
    }
}

extension LocalStorage {
    var source: String { path.hasPrefix("/") ? path : "/" + path }
}
