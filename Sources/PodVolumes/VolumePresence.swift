import CLinux
import Glibc
import LinuxSystem
import PodCore

/// Asks the kernel whether a volume is still what was mounted. Any other program may have unmounted it. Blocking.
enum VolumePresence {
    static func isThere(_ volume: MountedVolume) throws(SystemError) -> Bool {
        guard let status = try FileStatus.ifPresent(volume.path), status.kind == .directory else { return false }
        switch volume.root {
        case .directory: return true
        case .memory: return status.isMountRoot
        case .files(let kind):
            guard !kind.isInMemory || status.isMountRoot else { return false }
            return try FileStatus.ifPresent(volume.path + "/..data", follow: true)?.kind == .directory
        }
    }
}
