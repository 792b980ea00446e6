import LinuxSystem
import PodCore

/// A `local` volume with `volumeMode: Block`: a disk of this node that a container gets as it is. Blocking.
struct BlockVolume: Sendable {
    let path: String

    /// Returns the path once there is a block device.
    func find() throws -> String {
        let path = path.hasPrefix("/") ? path : "/" + path
        guard !path.split(separator: "/").contains("..") else {
            throw VolumeFailure(.invalid, "invalid path: \(path) must not contain '..'")
        }
        guard let status = try FileStatus.ifPresent(path, follow: true) else {
            throw VolumeFailure(.invalid, "the block device \(path) does not exist on this node")
        }
        guard status.kind == .blockDevice else {
            throw VolumeFailure(.invalid, "found a \(status.kind) at \(path), wanted a block device, because the volume has volumeMode Block")
        }
        return path
    }
}
