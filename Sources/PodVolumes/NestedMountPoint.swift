import CLinux
import Glibc
import LinuxSystem
import PodCore

/// Makes a place in a volume at which a file or a directory is to be mounted. Blocking.
enum NestedMountPoint {
    /// No symlink is followed on the way, so that nothing is made outside of the volume. What has the name already stays: the mount says what is wrong
    /// with it.
    static func make(_ point: VolumeMountPoint) throws(SystemError) {
        let isFolder = try isFolder(point)
        var parts = try SafePath.components(point.path)
        guard let name = parts.popLast() else { return }
        let root = SafePath(root: try OwnedFileDescriptor.open(point.volume, O_RDONLY | O_DIRECTORY | O_NOFOLLOW))
        do throws(SystemError) {
            if isFolder {
                _ = try root.makeDirectories(point.path, mode: 0o755)
            } else {
                let parent = try root.makeDirectories(parts.joined(separator: "/"), mode: 0o755)
                _ = try SafePath(root: parent).open(
                    name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o644, rules: [.beneath, .noSymlinks])
            }
        } catch {
            guard error.is(EEXIST) || error.is(ENOTDIR) || error.is(ELOOP) else { throw error }
        }
    }

    /// Whether what is to be mounted is a directory.
    static func isFolder(_ point: VolumeMountPoint) throws(SystemError) -> Bool {
        guard let subPath = point.subPath else { return try FileStatus(of: point.source, follow: true).kind == .directory }
        return try FileStatus(of: try SubPath.open(subPath, inVolume: point.source)).kind == .directory
    }
}
