import CLinux
import Glibc
import LinuxSystem

/// Gives the files of a volume to a group, as `fsGroup` wants it. Blocking, for as long as there are files. A file that does not let itself be given
/// (immutable, of a read-only or foreign file system) stays as it is, as with kubelet: the pod may not need it. Such files are counted.
struct GroupOwnership: Sendable, Hashable {
    private static let fileMode: UInt32 = 0o660
    private static let directoryMode: UInt32 = 0o2770

    let group: UInt32
    /// Leaves a volume alone whose root is right: `fsGroupChangePolicy: OnRootMismatch`.
    let onlyOnMismatch: Bool

    /// Files that could not be given to the group.
    struct Refused: Sendable {
        private(set) var count = 0
        /// The path of the first, within the volume.
        private(set) var first = ""
        private(set) var error: SystemError?

        fileprivate mutating func note(_ path: @autoclosure () -> String, _ error: SystemError) {
            if count == 0 { (first, self.error) = (path(), error) }
            count += 1
        }
    }

    /// Every object is changed by its own descriptor: pods that share the volume may exchange names meanwhile. Mount points inside are left alone.
    /// The root comes last, so that an unfinished change does not look finished.
    func apply(to root: OwnedFileDescriptor) throws(SystemError) -> Refused {
        var refused = Refused()
        let status = try FileStatus(of: root)
        if onlyOnMismatch, status.gid == group, status.mode & Self.directoryMode == Self.directoryMode { return refused }
        let tree = SafePath(root: root)
        var waiting: [[UInt8]] = [[UInt8(ascii: ".")]]
        while let path = waiting.popLast() {
            guard
                let directory = try Self.present({ () throws(SystemError) in
                    try tree.open(bytes: path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, rules: [.beneath, .noSymlinks, .noMountCrossing])
                })
            else { continue }
            try DirectoryListing.parts(of: directory) { (names) throws(SystemError) in
                for name in names {
                    let entry = try Self.present { () throws(SystemError) in
                        try SafePath(root: directory).open(name, SWL_O_PATH | O_NOFOLLOW, rules: [.beneath, .noSymlinks, .noMountCrossing])
                    }
                    guard let entry else { continue }
                    let (kind, error) = try change(entry)
                    if let error { refused.note(String(decoding: path + [UInt8(ascii: "/")] + name.bytes, as: UTF8.self), error) }
                    if kind == .directory { waiting.append(path + [UInt8(ascii: "/")] + name.bytes) }
                }
            }
        }
        if let error = try change(root).refusal { refused.note(".", error) }
        return refused
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

    /// - Returns: the error of a refused change.
    private static func refusal(of change: () throws(SystemError) -> CInt) throws(SystemError) -> SystemError? {
        do throws(SystemError) {
            _ = try change()
            return nil
        } catch {
            guard [EPERM, EACCES, EROFS, EOPNOTSUPP].contains(where: { error.is($0) }) else { throw error }
            return error
        }
    }

    private func change(_ object: OwnedFileDescriptor) throws(SystemError) -> (kind: FileStatus.Kind, refusal: SystemError?) {
        var refusal: SystemError?
        let status = try FileStatus(of: object)
        if status.gid != group {
            refusal = try Self.refusal { () throws(SystemError) in
                try systemCall("fchownat") { object.withRawValue { fchownat($0, "", uid_t.max, group, SWL_AT_EMPTY_PATH) } }
            }
        }
        guard status.kind != .symlink else { return (status.kind, refusal) }
        let mode = status.mode | (status.kind == .directory ? Self.directoryMode : Self.fileMode)
        // A change of the group has cleared setuid and setgid.
        if mode != status.mode || status.gid != group {
            let second = try Self.refusal { () throws(SystemError) in
                try systemCall("chmod") { object.withRawValue { chmod("/proc/self/fd/\($0)", mode) } }
            }
            refusal = refusal ?? second
        }
        return (status.kind, refusal)
    }
}
