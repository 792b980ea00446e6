import KubeModel
import PodCore

extension ActionRunner {
    /// Returns the roots of the volumes that a container mounts, each of which is asked for before: any other program may have unmounted it.
    ///
    /// Files that the agent writes itself are mounted again. What the pod has written to memory is gone with its mount: the volume begins anew only if
    /// nothing is lost by that which a container still counts on. Otherwise, and where a folder of the node is gone, the container is refused, because
    /// its data would go to another disk.
    func volumePaths(for container: Container, _ snapshot: PodSnapshot) async throws -> [String: String] {
        var paths = snapshot.volumePaths
        let volumes = snapshot.pod.spec.volumes(of: container)
        let mounted = volumes.compactMap { volume in
            volume.expectedRoot.flatMap { root in paths[volume.name].map { MountedVolume(name: volume.name, path: $0, root: root) } }
        }
        let missing = try await ports.volumes.missing(mounted)
        for volume in mounted where missing.contains(volume.name) { try await restore(volume, for: container.name, snapshot) }
        for volume in volumes where volume.image != nil {
            let user = try await userNamespace(of: snapshot.pod)
            guard case .mounted(let path) = try await ports.volumes.imageVolume(volume.name, podUID: snapshot.pod.uid, userNamespace: user) else {
                throw VolumeFailure(.busy, "volume \"\(volume.name)\" is no longer mounted: another program has unmounted it")
            }
            paths[volume.name] = path
        }
        return paths
    }

    private func restore(_ volume: MountedVolume, for container: String, _ snapshot: PodSnapshot) async throws {
        let found = "Volume \"\(volume.name)\" was no longer mounted at \(volume.path): another program has unmounted it."
        switch volume.root {
        case .files:
            _ = try await mount(volume.name, snapshot.pod, podIPs: snapshot.addresses)
            say(.warning, "VolumeRemounted", "\(found) It is mounted again with its files; containers that run keep the old ones", snapshot)
        case .memory where !snapshot.keepsContent(of: volume.name, besides: container):
            _ = try await mount(volume.name, snapshot.pod, podIPs: snapshot.addresses)
            say(.warning, "VolumeContentLost", "\(found) What was written to it is lost, and it begins empty", snapshot)
        case .memory:
            throw refusal(
                volume, "its content is lost, but other containers of the pod use it or an init container may have filled it", snapshot)
        case .directory:
            throw refusal(volume, "its folder is not there", snapshot)
        }
    }

    private func refusal(_ volume: MountedVolume, _ reason: String, _ snapshot: PodSnapshot) -> VolumeFailure {
        let message =
            "volume \"\(volume.name)\" is no longer mounted at \(volume.path), \(reason): the container is not started, so that its data does not "
            + "go to another disk. Delete the pod to have it made anew"
        say(.warning, "FailedMount", "MountVolume.SetUp failed for volume \"\(volume.name)\" : \(message)", snapshot)
        return VolumeFailure(.lost, message)
    }

    private func say(_ kind: PodEventRecord.Kind, _ reason: String, _ message: String, _ snapshot: PodSnapshot) {
        events.record(PodEventRecord(kind, reason, message), about: snapshot.identity)
    }

    /// Makes the places for what a container mounts within a read-only volume of the pod, where nothing can be made any more once that is mounted.
    func makeMountPoints(of configuration: ContainerConfiguration, volumes: [String: String], _ pod: Pod) async throws(VolumeFailure) {
        let own = Set((pod.spec.volumes ?? []).filter { $0.expectedRoot != nil }.compactMap { volumes[$0.name] })
        for point in configuration.nestedMountPoints where own.contains(point.volume) { try await ports.volumes.makeMountPoint(point) }
    }
}
