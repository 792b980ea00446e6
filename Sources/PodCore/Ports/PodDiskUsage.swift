/// Measures what pods have written to the node's disks.
package protocol PodDiskUsage: Sendable {
    /// Walks the pod's folders: never across a mount point, never through a link. A folder that is not there holds nothing.
    func diskUse(of pod: PodStorage) async throws(VolumeFailure) -> PodDiskUse
}

/// The folders of a pod that count as its local storage.
package struct PodStorage: Sendable, Hashable {
    package let pod: PodIdentity
    /// Ids by the containers' names.
    package let containers: [String: String]
    /// Names of the `emptyDir` volumes on disk.
    package let volumes: [String]

    package init(pod: PodIdentity, containers: [String: String], volumes: [String]) {
        self.pod = pod
        self.containers = containers
        self.volumes = volumes
    }
}

/// A folder's part of a disk.
package struct DiskUse: Sendable, Hashable {
    /// Bytes really allocated.
    package var bytes: Int64
    package var inodes: Int64

    package init(bytes: Int64 = 0, inodes: Int64 = 0) {
        self.bytes = bytes
        self.inodes = inodes
    }

    package static func + (left: DiskUse, right: DiskUse) -> DiskUse {
        DiskUse(bytes: left.bytes &+ right.bytes, inodes: left.inodes &+ right.inodes)
    }
}

package struct PodDiskUse: Sendable, Hashable {
    /// By the containers' names.
    package var layers: [String: DiskUse]
    /// By the containers' names.
    package var logs: [String: DiskUse]
    /// By the volumes' names.
    package var volumes: [String: DiskUse]
    /// Files of the pod beside its volumes that its containers can write to: the hosts file, termination messages.
    package var files: DiskUse

    package init(
        layers: [String: DiskUse] = [:], logs: [String: DiskUse] = [:], volumes: [String: DiskUse] = [:], files: DiskUse = DiskUse()
    ) {
        self.layers = layers
        self.logs = logs
        self.volumes = volumes
        self.files = files
    }

    package var total: DiskUse { [layers, logs, volumes].flatMap(\.values).reduce(files, +) }
}
