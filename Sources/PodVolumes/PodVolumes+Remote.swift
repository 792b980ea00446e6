import LinuxSystem
package import PodCore

extension PodVolumes {
    func mountNFS(_ export: NFSExport, _ volume: VolumeRequest) async throws(VolumeFailure) -> String {
        let path = try await remote.blocking("find the folder of volume \(volume.name)") { [root] in
            try VolumeLayout(root: root).volume(export.folder, plugin: NFSVolume.plugin, podUID: volume.podUID)
        }
        try await NFSVolume(export: export, path: path, helper: remote.helper, mounts: remote).mount()
        return path
    }

    func unmountRemote(podUID: String) async throws(VolumeFailure) {
        let path = try await remote.blocking("find the folder of pod \(podUID)") { [root] in try VolumeLayout(root: root).pod(podUID) }
        try await remote.unmountAll(under: path)
    }

    /// Asks the file systems that are mounted for volumes of a pod for their space, by the names of the volumes' folders.
    ///
    /// A server that does not answer leaves its volume out.
    package func statistics(podUID: String) async throws(VolumeFailure) -> [String: VolumeStatistics] {
        let entries = try await remote.blocking("find the volumes of pod \(podUID)") { [root] in
            // One mount for each path: the topmost one.
            let volumes = try VolumeLayout(root: root).pod(podUID) + "/volumes/"
            return Dictionary(try MountTable(under: volumes).entries.map { ($0.mountPoint, $0) }) { $1 }
                .filter { $0.key.dropFirst(volumes.count).split(separator: "/").count == 2 }
        }
        var found: [String: VolumeStatistics] = [:]
        for (path, entry) in entries {
            let name = path.split(separator: "/").last.map(String.init) ?? path
            if !entry.isRemote {
                found[name] = try await remote.blocking("measure volume \(name)") { VolumeStatistics(try FileSystemStats(path: path)) }
            } else if case .done(let text) = try await remote.helper.call(.statistics(path), within: remote.helper.patience.answer) {
                found[name] = VolumeStatistics(text: text)
            }
        }
        return found
    }
}
