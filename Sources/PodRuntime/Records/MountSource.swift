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
            throw RuntimeFailure(.configuration, "failed to prepare subPath \"\(subPath)\" of volume \(source.path): \(explanation(of: error))")
        }
    }

    private static func explanation(of error: SystemError) -> String {
        if error.code == .escapes { return "it leads out of the volume, and must stay inside, also through links" }
        // A volume whose content is not the pod's gets no new folder.
        if error.is(EROFS) { return "it does not exist, and the volume is read-only" }
        return "\(error)"
    }
}
