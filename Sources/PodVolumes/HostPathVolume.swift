import Glibc
import LinuxSystem
import PodCore

/// `hostPath`: a path of the node, checked against the type that the pod names. Blocking.
struct HostPathVolume: Sendable {
    let path: String
    /// `HostPathVolumeSource.type`
    let type: String

    /// Makes what may be made, checks the rest, returns the path. Symlinks are followed, as a mount of the path would.
    func mount() throws -> String {
        guard !path.split(separator: "/").contains("..") else {
            throw VolumeFailure(.invalid, "invalid HostPath `\(path)`: must not contain '..'")
        }
        switch type {
        case "":
            // Nothing is checked; a missing path becomes a directory, as container runtimes have always made it.
            if try status() == nil { try Directories.make(path, mode: 0o755) }
        case "DirectoryOrCreate":
            if try status() == nil { try Directories.make(path, mode: 0o755) }
            try check(.directory, "directory")
        case "Directory": try check(.directory, "directory")
        case "FileOrCreate":
            if try status() == nil { try makeFile() }
            try check(.file, "file")
        case "File": try check(.file, "file")
        case "Socket": try check(.socket, "socket file")
        case "CharDevice": try check(.characterDevice, "character device")
        case "BlockDevice": try check(.blockDevice, "block device")
        default: throw VolumeFailure(.invalid, "\(type) is an invalid volume type")
        }
        return path
    }

    private func status() throws(SystemError) -> FileStatus? { try FileStatus.ifPresent(path, follow: true) }

    private func check(_ kind: FileStatus.Kind, _ name: String) throws {
        guard try status()?.kind == kind else {
            throw VolumeFailure(.invalid, "hostPath type check failed: \(path) is not a \(name)")
        }
    }

    private func makeFile() throws(SystemError) {
        do throws(SystemError) {
            let file = try OwnedFileDescriptor.open(path, O_WRONLY | O_CREAT | O_EXCL, mode: 0o644)
            try systemCall("fchmod", path) { file.withRawValue { fchmod($0, 0o644) } }
        } catch {
            guard error.is(EEXIST) else { throw error }
        }
    }
}
