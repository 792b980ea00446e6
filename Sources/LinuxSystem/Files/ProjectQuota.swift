import CLinux
import Glibc

/// Folders that the file system counts by itself, as projects: at once however many files they have, and with those that are open and have no name any
/// more. ext4 and XFS do where project quotas are on; elsewhere a folder is walked (``TreeUsage``).
///
/// The project of a folder is kept in its inode, so nothing else is to be remembered. Kernel: `FS_IOC_FSSETXATTR`, quotactl_fd(2), Linux 5.14.
package enum ProjectQuota {
    /// Beyond what administrators choose by hand; kubelet begins there, too.
    private static let ids: ClosedRange<UInt32> = 1_048_577...UInt32(Int32.max)
    private static let mostTries = 16

    /// Makes an empty folder the root of a project of its own. Blocking.
    /// - Returns: whether its files are counted from now on. Where the file system counts no projects, or where the folder belongs to one of the
    ///   administrator's, nothing has happened.
    @discardableResult
    package static func begin(at folder: OwnedFileDescriptor) -> Bool {
        guard var attributes = attributes(of: folder), attributes.project == 0, let id = freeID(on: folder) else { return false }
        attributes.project = id
        attributes.flags |= SWL_FS_XFLAG_PROJINHERIT
        return folder.withRawValue { swl_set_file_attributes($0, &attributes) } == 0
    }

    /// The part of the disk that the files of a folder take, which itself counts. Blocking.
    /// - Returns: `nil` when nothing is there, or when it is not counted.
    package static func usage(of path: String) -> TreeUsage? {
        guard let folder = try? OwnedFileDescriptor.open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW), let attributes = attributes(of: folder),
            ids.contains(attributes.project), attributes.flags & SWL_FS_XFLAG_PROJINHERIT != 0, let quota = quota(of: attributes.project, on: folder)
        else { return nil }
        return TreeUsage(bytes: quota.bytes, inodes: quota.inodes)
    }

    /// A project without files and limits.
    private static func freeID(on folder: OwnedFileDescriptor) -> UInt32? {
        for _ in 0..<mostTries {
            let id = UInt32.random(in: ids)
            guard let quota = quota(of: id, on: folder) else { return nil }
            if quota.bytes == 0, quota.inodes == 0, quota.has_limits == 0 { return id }
        }
        return nil
    }

    private static func attributes(of folder: OwnedFileDescriptor) -> swl_file_attributes? {
        var attributes = swl_file_attributes()
        return folder.withRawValue { swl_get_file_attributes($0, &attributes) } == 0 ? attributes : nil
    }

    private static func quota(of project: UInt32, on folder: OwnedFileDescriptor) -> swl_quota? {
        var quota = swl_quota()
        do throws(SystemError) {
            try systemCall("quotactl_fd") { folder.withRawValue { swl_get_project_quota($0, project, &quota) } }
            return quota
        } catch {
            // XFS knows only the projects that have had files.
            return error.is(ENOENT) ? swl_quota() : nil
        }
    }
}
