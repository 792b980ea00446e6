import Glibc
import LinuxSystem
import PodCore

/// A PersistentVolume that one pod of the node may use at a time. A file in the pod's folder says that the pod has it: it stays when the agent is
/// restarted, and goes with the folder, after everything in it is unmounted. Blocking.
struct ExclusiveStorage {
    /// The PersistentVolume's name.
    let name: String
    let layout: VolumeLayout

    private static let mounted = "mounted"

    /// Gives the storage to a pod, unless another one has it. Only one caller at a time may do this for a name.
    func take(podUID: String) throws {
        let mark = try mark(of: podUID)
        for other in try DirectoryListing.names(at: layout.pods) where other != podUID {
            guard try FileStatus.ifPresent(self.mark(of: other)) == nil else {
                throw VolumeFailure(.waiting, "volume uses the ReadWriteOncePod access mode and is already in use by another pod")
            }
        }
        if try FileStatus.ifPresent(mark) != nil { return }
        try Directories.make(folder(of: podUID), mode: 0o750)
        try AtomicFile.replace(mark, with: "")
    }

    /// From here on the pod keeps the storage to its end.
    func keep(podUID: String) throws { try AtomicFile.replace(mark(of: podUID), with: Self.mounted) }

    /// Gives the storage back, unless the pod has had it mounted.
    func leave(podUID: String) throws {
        let mark = try mark(of: podUID)
        guard try FileStatus.ifPresent(mark) != nil, try SmallFile.text(mark) != Self.mounted else { return }
        try AtomicFile.remove(mark)
    }

    private func folder(of podUID: String) throws(VolumeFailure) -> String { try layout.pod(podUID) + "/exclusive" }

    private func mark(of podUID: String) throws(VolumeFailure) -> String {
        try folder(of: podUID) + "/" + VolumeLayout.single(name, "PersistentVolume name")
    }
}
