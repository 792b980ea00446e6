import LinuxSystem
import Logging
import PodCore
import Synchronization

extension PodVolumes {
    /// The files are given to a group once, by the first pod that mounts the storage.
    func mountLocal(_ storage: LocalStorage, _ volume: VolumeRequest) async throws(VolumeFailure) -> String {
        // A path that hangs is found here, and not by the threads that may be busy with the files of other volumes.
        try await atPath(storage.path, "look for volume \(volume.name)") { _ = try FileStatus.ifPresent(storage.source, follow: true) }
        return try await blocking("mount volume \(volume.name)", on: walks) { [self] in
            let layout = try VolumeLayout(root: root)
            let path = try layout.volume(storage.folder, plugin: LocalVolume.plugin, podUID: volume.podUID)
            if try MountTable.mount(at: path) != nil { return path }
            // Of a volume with very many files, the change of owners goes on when its first caller has given up.
            guard underway.withLock({ $0.insert(path).inserted }) else {
                throw VolumeFailure(.busy, "the files of \(storage.path) are still being given to the group \(volume.fsGroup ?? 0)")
            }
            defer { _ = underway.withLock { $0.remove(path) } }
            let owner = volume.fsGroup.map { GroupOwnership(group: $0, onlyOnMismatch: volume.keepsMatchingGroup) }
            let refused = try LocalVolume(storage: storage, path: path, owner: owner, pods: layout.pods).mount()
            if let error = refused.error {
                logger.warning(
                    "Files of a volume could not be given to the pod's group (fsGroup); they stay as they are",
                    metadata: [
                        "pod": "\(volume.podUID)", "volume": "\(volume.name)", "storage": "\(storage.path)", "group": "\(volume.fsGroup ?? 0)",
                        "files": "\(refused.count)", "first": "\(refused.first)", "error": "\(error)",
                    ])
            }
            return path
        }
    }
}
