import KubeModel
import PodCore

extension ActionRunner {
    /// Asks again for the volumes of a container whose data lies on a server, a disk or elsewhere on the node, before each start.
    ///
    /// Any other program may have unmounted them: data would go to the node's own disk. They are mounted again, with which nothing is lost. A server
    /// that has stopped answering is noticed here, before the container's start waits for it.
    /// - Returns: the groups that may use the storage, as the PersistentVolumes name them.
    func keepStorage(of container: Container, _ snapshot: PodSnapshot) async throws -> [UInt32] {
        var groups: [UInt32] = []
        for volume in snapshot.pod.spec.volumes(of: container) where volume.isStorage {
            if let group = try await mount(volume.name, snapshot.pod, podIPs: snapshot.addresses).group { groups.append(group) }
        }
        return groups
    }
}
