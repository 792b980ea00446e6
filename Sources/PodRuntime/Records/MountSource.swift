import CLinux
import Glibc
import LinuxSystem
import PodCore

/// Opens what a container gets to see of the node. From then on the object is meant, whatever happens to its name.
enum MountSource {
    static func open(_ source: MountPlan.Source) throws(RuntimeFailure) -> OwnedFileDescriptor {
        do throws(SystemError) {
            guard let subPath = source.subPath else { return try OwnedFileDescriptor.open(source.path, SWL_O_PATH) }
            return try SubPath.open(subPath, inVolume: source.path)
        } catch {
            guard let subPath = source.subPath else {
                throw RuntimeFailure(.create, "mount source \(source.path) cannot be opened: \(error)")
            }
            if error.code == .escapes {
                throw RuntimeFailure(
                    .create, "subPath \"\(subPath)\" leads out of its volume \(source.path): it must stay inside, also through links")
            }
            throw RuntimeFailure(.create, "subPath \"\(subPath)\" of volume \(source.path) cannot be opened: \(error)")
        }
    }
}
