import LinuxSystem
package import PodCore

extension PodVolumes: VolumeMeter {
    package func statisticsOfVolumes() async throws(VolumeFailure) -> [String: [String: VolumeStatistics]] {
        let volumes = try await remote.blocking("list the volumes of pods") { [root] in try Self.mountedVolumes(root) }
        var found: [String: [String: VolumeStatistics]] = [:]
        for volume in volumes {
            let path = volume.path
            if !volume.isRemote {
                // A volume that goes away meanwhile has no figures.
                let figures = try? await remote.blocking("measure volume \(volume.name)") { VolumeStatistics(try FileSystemStats(path: path)) }
                found[volume.podUID, default: [:]][volume.name] = figures
            } else if case .done(let text)? = try? await remote.helper.call(.statistics(path), within: remote.helper.patience.answer) {
                found[volume.podUID, default: [:]][volume.name] = VolumeStatistics(text: text)
            }
        }
        return found
    }

    private struct Place {
        let podUID: String
        /// The folder's name.
        let name: String
        let path: String
        let isRemote: Bool
    }

    /// The file systems mounted at the places of volumes. Images are left out: a pod cannot change them. Blocking.
    private static func mountedVolumes(_ root: String) throws -> [Place] {
        let pods = try VolumeLayout(root: root).pods + "/"
        var places: [String: Place] = [:]
        for entry in try MountTable(under: pods).entries {
            // `<uid>/volumes/<plugin>/<name>`; of several mounts at one path the last is on top.
            let parts = entry.mountPoint.dropFirst(pods.count).split(separator: "/")
            guard parts.count == 4, parts[1] == "volumes", parts[2] != ImageVolume.plugin else { continue }
            places[entry.mountPoint] = Place(podUID: String(parts[0]), name: String(parts[3]), path: entry.mountPoint, isRemote: entry.isRemote)
        }
        return places.values.sorted { $0.path < $1.path }
    }
}
