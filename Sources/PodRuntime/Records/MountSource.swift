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

    /// Refuses a volume that is to pass mounts on and lies on a mount of the node that does not: nothing would ever arrive. containerd's words.
    static func check(
        _ source: OwnedFileDescriptor, _ path: String, passes propagation: ContainerConfiguration.Propagation
    ) throws(RuntimeFailure) {
        let found: MountTable.Entry?
        do throws(SystemError) {
            let id = try FileStatus(of: source).mountID
            found = try MountTable().entries.first { $0.id == id }
        } catch {
            throw RuntimeFailure(.create, "the mount below \(path) cannot be looked up: \(error)")
        }
        guard let found else { return }
        let isShared = found.propagation.contains { $0.hasPrefix("shared:") }
        let isSlave = found.propagation.contains { $0.hasPrefix("master:") }
        guard !isShared, !(isSlave && propagation == .hostToContainer) else { return }
        throw RuntimeFailure(
            .create,
            "path \"\(path)\" is mounted on \"\(found.mountPoint)\" but it is not a shared\(propagation == .bidirectional ? "" : " or slave") mount: "
                + "run 'mount --make-rshared \(found.mountPoint)' on the node, or use no mountPropagation")
    }

    private static func explanation(of error: SystemError) -> String {
        if error.code == .escapes { return "it leads out of the volume, and must stay inside, also through links" }
        // A volume whose content is not the pod's gets no new folder.
        if error.is(EROFS) { return "it does not exist, and the volume is read-only" }
        return "\(error)"
    }
}
