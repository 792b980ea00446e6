import Glibc
import LinuxSystem
import Logging
import PodCore
import PodVolumes
import TestSupport

/// A kubelet folder whose mount.nfs is a script, and whose calls on remote file systems are given up early.
final class StorageFixture: Sendable {
    let folder: TemporaryFolder
    let volumes: PodVolumes

    /// - Parameter mountScript: run as mount.nfs with SOURCE DIR [-o OPTIONS]; `nil` for a node without mount.nfs.
    init(
        mountScript: String? = nil, patience: Duration = .seconds(60), local: Duration = .seconds(123), removal: Duration = .seconds(10),
        logger: Logger = .silent
    ) throws {
        folder = try TemporaryFolder()
        let program = folder.sub("mount.nfs")
        if let mountScript {
            try AtomicFile.replace(program, with: "#!/bin/sh\n" + mountScript + "\n")
            chmod(program, 0o755)
        }
        var times = VolumePatience()
        times.mount = patience
        times.answer = patience
        times.unmount = patience
        times.local = local
        times.removal = removal
        volumes = PodVolumes(
            root: folder.sub("kubelet"), executable: builtProgram("swiftlet"), mountPrograms: [program], patience: times, logger: logger)
    }

    /// As mountinfo shows it.
    func path(_ plugin: String, _ name: String, pod: String = "uid-1") -> String {
        folder.path + "/kubelet/pods/\(pod)/volumes/\(plugin)/\(name)"
    }

    func mount(
        _ content: VolumeContent, pod: String = "uid-1", name: String = "vol", fsGroup: UInt32? = nil, keepsMatchingGroup: Bool = false,
        exclusive: String? = nil
    ) async throws -> String {
        try await volumes.mount(
            VolumeRequest(
                podUID: pod, name: name, content: content, fsGroup: fsGroup, keepsMatchingGroup: keepsMatchingGroup, exclusiveStorage: exclusive))
    }

    func mounted(below path: String) throws -> [MountTable.Entry] { try MountTable().mounts(under: path) }

    static let hasHelper = isRoot && access(builtProgram("swiftlet"), X_OK) == 0
}
