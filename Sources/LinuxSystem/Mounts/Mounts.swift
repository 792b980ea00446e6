import CLinux
import Glibc

/// The mount calls. All of them may block (a dead NFS server, a slow device): call them on a `BlockingPool`.
package enum Mounts {
    /// Per-mount flags, for the old and the new interface alike.
    package struct Flags: OptionSet, Sendable, Hashable {
        package let rawValue: UInt64
        package init(rawValue: UInt64) { self.rawValue = rawValue }

        package static let readOnly = Flags(rawValue: SWL_MS_RDONLY)
        package static let noSUID = Flags(rawValue: SWL_MS_NOSUID)
        package static let noDevices = Flags(rawValue: SWL_MS_NODEV)
        package static let noExecute = Flags(rawValue: SWL_MS_NOEXEC)
    }

    /// Mounts a tmpfs.
    /// - Parameters:
    ///   - options: `key=value` or flags for the file system, e.g. `size=1048576`, `mode=0700`, `noswap`.
    package static func tmpfs(at path: String, options: [String] = [], flags: Flags = []) throws(SystemError) {
        try mount(source: "tmpfs", at: path, type: "tmpfs", flags: flags.rawValue, data: options.joined(separator: ","))
    }

    /// `mount(2)` with MS_* flags.
    package static func mount(
        source: String?, at path: String, type: String?, flags: UInt64, data: String? = nil
    ) throws(SystemError) {
        try systemCall("mount", path) { swl_mount(source, path, type, flags, data) }
    }

    /// Binds `source` to `path`.
    package static func bind(_ source: String, to path: String, recursive: Bool = false) throws(SystemError) {
        try mount(source: source, at: path, type: nil, flags: SWL_MS_BIND | (recursive ? SWL_MS_REC : 0))
    }

    /// Unmounts the topmost mount at `path`. The last component is never followed when it is a symlink.
    /// - Parameters:
    ///   - lazily: detach now and finish with the last use (MNT_DETACH).
    ///   - forced: let calls that wait for the server fail first (MNT_FORCE). What was not written yet is lost.
    package static func unmount(_ path: String, lazily: Bool = false, forced: Bool = false) throws(SystemError) {
        let flags = SWL_UMOUNT_NOFOLLOW | (lazily ? SWL_MNT_DETACH : 0) | (forced ? SWL_MNT_FORCE : 0)
        try systemCall("umount2", path) { swl_umount2(path, flags) }
    }

    /// Unmounts everything at and under `path`, deepest first. Busy mounts are detached lazily.
    /// - Returns: how many mounts are gone.
    @discardableResult
    package static func unmountAll(under path: String) throws(SystemError) -> Int {
        let mounts = try MountTable.mounts(under: path)
        for entry in mounts {
            do throws(SystemError) {
                try unmount(entry.mountPoint)
            } catch {
                // EINVAL: no mount point any more, someone else was faster.
                if error.is(EINVAL) || error.isNotFound { continue }
                try unmount(entry.mountPoint, lazily: true)
            }
        }
        return mounts.count
    }

    /// A detached copy of the tree at `path` (`open_tree` with OPEN_TREE_CLONE), to be attached with `attach`.
    package static func cloneTree(_ path: String, recursive: Bool = false) throws(SystemError) -> OwnedFileDescriptor {
        let flags = SWL_OPEN_TREE_CLONE | SWL_OPEN_TREE_CLOEXEC | (recursive ? UInt32(SWL_AT_RECURSIVE) : 0)
        return try descriptorCall("open_tree", path) { swl_open_tree(AT_FDCWD, path, flags) }
    }

    /// Like the above, from a descriptor, `O_PATH` included, so that the checked object is the mounted one.
    package static func cloneTree(_ object: OwnedFileDescriptor, recursive: Bool = false) throws(SystemError) -> OwnedFileDescriptor {
        let flags = SWL_OPEN_TREE_CLONE | SWL_OPEN_TREE_CLOEXEC | UInt32(SWL_AT_EMPTY_PATH) | (recursive ? UInt32(SWL_AT_RECURSIVE) : 0)
        return try descriptorCall("open_tree") { object.withRawValue { swl_open_tree($0, "", flags) } }
    }

    /// Attaches a detached tree at `path` (`move_mount`).
    package static func attach(_ tree: OwnedFileDescriptor, at path: String) throws(SystemError) {
        try systemCall("move_mount", path) {
            tree.withRawValue { swl_move_mount($0, "", AT_FDCWD, path, SWL_MOVE_MOUNT_F_EMPTY_PATH) }
        }
    }

    /// Attaches a detached tree on an open directory or file.
    package static func attach(_ tree: OwnedFileDescriptor, on target: OwnedFileDescriptor) throws(SystemError) {
        try systemCall("move_mount") {
            tree.withRawValue { from in
                target.withRawValue { swl_move_mount(from, "", $0, "", SWL_MOVE_MOUNT_F_EMPTY_PATH | SWL_MOVE_MOUNT_T_EMPTY_PATH) }
            }
        }
    }

    /// Sets and clears flags of a mount (`mount_setattr`), with `recursive` of every mount below as well.
    package static func setAttributes(
        of tree: OwnedFileDescriptor, set: Flags, clear: Flags = [], recursive: Bool = false
    ) throws(SystemError) {
        let flags = UInt32(SWL_AT_EMPTY_PATH) | (recursive ? UInt32(SWL_AT_RECURSIVE) : 0)
        // The flags have the same values as MOUNT_ATTR_RDONLY, NOSUID, NODEV and NOEXEC.
        try systemCall("mount_setattr") {
            tree.withRawValue { swl_mount_setattr($0, "", flags, set.rawValue, clear.rawValue, 0, -1) }
        }
    }

    /// Shifts the owners of the files in a detached mount to the ids of a user namespace (MOUNT_ATTR_IDMAP). The mount becomes private: as a copy of a
    /// shared one it would pass on what is mounted on it, to the place that it was copied from.
    /// - Parameter path: what it is a copy of, for the error.
    package static func shiftOwners(of tree: OwnedFileDescriptor, copiedFrom path: String, to user: Namespace) throws(SystemError) {
        do throws(SystemError) {
            try systemCall("mount_setattr", path) {
                tree.withRawValue { tree in
                    user.descriptor.withRawValue {
                        swl_mount_setattr(tree, "", UInt32(SWL_AT_EMPTY_PATH), SWL_MOUNT_ATTR_IDMAP, 0, SWL_MS_PRIVATE, $0)
                    }
                }
            }
        } catch  where error.is(EINVAL) || error.is(EOPNOTSUPP) {
            throw SystemError(
                code: error.code, call: error.call, path: path, errno: error.errno,
                detail: "its file system cannot show files with other owners (id-mapped mounts): ext4, xfs and btrfs can, or set hostUsers: true")
        }
    }

    /// Sets the propagation of the mount at `path` (one of the MS_SHARED, MS_SLAVE, MS_PRIVATE, MS_UNBINDABLE flags).
    package static func setPropagation(_ flag: UInt64, at path: String, recursive: Bool = false) throws(SystemError) {
        try mount(source: nil, at: path, type: nil, flags: flag | (recursive ? SWL_MS_REC : 0))
    }

    /// A detached file system (`fsopen`, `fsconfig`, `fsmount`), to be attached with `attach`.
    package static func detached(
        type: String, options: [(key: String, value: String?)], attributes: Flags = []
    ) throws(SystemError) -> OwnedFileDescriptor {
        let context = try descriptorCall("fsopen", type) { swl_fsopen(type, SWL_FSOPEN_CLOEXEC) }
        for (key, value) in options {
            try systemCall("fsconfig", "\(type) \(key)") {
                context.withRawValue {
                    swl_fsconfig($0, value == nil ? SWL_FSCONFIG_SET_FLAG : SWL_FSCONFIG_SET_STRING, key, value, 0)
                }
            }
        }
        try systemCall("fsconfig", "\(type) create") {
            context.withRawValue { swl_fsconfig($0, SWL_FSCONFIG_CMD_CREATE, nil, nil, 0) }
        }
        return try descriptorCall("fsmount", type) {
            context.withRawValue { swl_fsmount($0, SWL_FSMOUNT_CLOEXEC, UInt32(attributes.rawValue)) }
        }
    }
}
