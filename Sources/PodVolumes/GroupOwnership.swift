import CLinux
import Glibc
import LinuxSystem

/// Gives the files of a volume to a group, as `fsGroup` wants it. Blocking, for as long as there are files. A file that does not let itself be given
/// (immutable, of a read-only or foreign file system) stays as it is, as with kubelet: the pod may not need it.
struct GroupOwnership: Sendable, Hashable {
    private static let fileMode: UInt32 = 0o660
    private static let directoryMode: UInt32 = 0o2770

    let group: UInt32
    /// Leaves a volume alone whose root is right: `fsGroupChangePolicy: OnRootMismatch`.
    let onlyOnMismatch: Bool

    /// Every object is changed by its own descriptor: pods that share the volume may exchange names meanwhile. Mount points inside are left alone.
    /// The root comes last, so that an unfinished change does not look finished.
    func apply(to root: OwnedFileDescriptor) throws(SystemError) {
        let status = try FileStatus(of: root)
        if onlyOnMismatch, status.gid == group, status.mode & Self.directoryMode == Self.directoryMode { return }
        let tree = SafePath(root: root)
        var waiting: [[UInt8]] = [[UInt8(ascii: ".")]]
        while let path = waiting.popLast() {
            guard
                let directory = try Self.present({ () throws(SystemError) in
                    try tree.open(bytes: path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, rules: [.beneath, .noSymlinks, .noMountCrossing])
                })
            else { continue }
            for name in try DirectoryListing.entries(of: directory) {
                let entry = try Self.present { () throws(SystemError) in
                    try SafePath(root: directory).open(name, SWL_O_PATH | O_NOFOLLOW, rules: [.beneath, .noSymlinks, .noMountCrossing])
                }
                if let entry, try change(entry) == .directory { waiting.append(path + [UInt8(ascii: "/")] + name.bytes) }
            }
        }
        _ = try change(root)
    }

    /// `nil` for what has gone, was exchanged meanwhile, or is a mount point.
    private static func present(_ open: () throws(SystemError) -> OwnedFileDescriptor) throws(SystemError) -> OwnedFileDescriptor? {
        do throws(SystemError) {
            return try open()
        } catch {
            guard [ENOENT, ENOTDIR, ELOOP, EXDEV, ENAMETOOLONG, EACCES, EPERM].contains(where: { error.is($0) }) else { throw error }
            return nil
        }
    }

    private static func unlessRefused(_ change: () throws(SystemError) -> CInt) throws(SystemError) {
        do throws(SystemError) {
            _ = try change()
        } catch {
            guard [EPERM, EACCES, EROFS, EOPNOTSUPP].contains(where: { error.is($0) }) else { throw error }
        }
    }

    private func change(_ object: OwnedFileDescriptor) throws(SystemError) -> FileStatus.Kind {
        let status = try FileStatus(of: object)
        if status.gid != group {
            try Self.unlessRefused { () throws(SystemError) in
                try systemCall("fchownat") { object.withRawValue { fchownat($0, "", uid_t.max, group, SWL_AT_EMPTY_PATH) } }
            }
        }
        guard status.kind != .symlink else { return status.kind }
        let mode = status.mode | (status.kind == .directory ? Self.directoryMode : Self.fileMode)
        // A change of the group has cleared setuid and setgid.
        if mode != status.mode || status.gid != group {
            try Self.unlessRefused { () throws(SystemError) in
                try systemCall("chmod") { object.withRawValue { chmod("/proc/self/fd/\($0)", mode) } }
            }
        }
        return status.kind
    }
}
