package import KubeModel
package import PodCore

/// A pod of this node, as far as its storage can be measured.
package struct StoredPod: Sendable, Hashable {
    package let identity: PodIdentity
    package let spec: PodSpec
    /// Ids of the latest containers by name, running or ended.
    package let containers: [String: String]
    /// The volumes' roots on the node by the volumes' names.
    package let volumePaths: [String: String]

    package init(identity: PodIdentity, spec: PodSpec, containers: [String: String], volumePaths: [String: String]) {
        self.identity = identity
        self.spec = spec
        self.containers = containers
        self.volumePaths = volumePaths
    }

    /// The figures of the pod's volumes: those that are file systems of their own, and directories on the node's disk that were walked.
    /// - Parameters:
    ///   - mounted: by the name of the volume's folder.
    ///   - room: of the node's file system.
    func volumes(mounted: [String: VolumeStatistics], at time: Timestamp?, disk: PodMeasurement.DiskFigures?, room: NodeRoom.FileSystem?)
        -> [PodMeasurement.VolumeFigures]
    {
        (spec.volumes ?? []).compactMap { volume in
            let claim = volume.claimName(podName: identity.name)
            if let folder = volumePaths[volume.name]?.split(separator: "/").last.map(String.init), let statistics = mounted[folder], let time {
                return PodMeasurement.VolumeFigures(name: volume.name, claim: claim, statistics: statistics, measuredAt: time)
            }
            guard let disk, let use = disk.use.volumes[volume.name], let room else { return nil }
            return PodMeasurement.VolumeFigures(name: volume.name, statistics: VolumeStatistics(use, of: room), measuredAt: disk.measuredAt)
        }
    }
}

/// The pods of this node whose storage counts. `PodManager` conforms.
package protocol StoredPods: Sendable {
    func storedPods() async -> [StoredPod]
}

extension VolumeStatistics {
    /// A directory's part of a file system.
    fileprivate init(_ use: DiskUse, of room: NodeRoom.FileSystem) {
        let bytes = UInt64(clamping: use.bytes)
        self.init(
            capacityBytes: UInt64(clamping: room.bytes.capacity), availableBytes: UInt64(clamping: room.bytes.available), usedBytes: bytes,
            inodes: UInt64(clamping: room.inodes?.capacity ?? 0), inodesFree: UInt64(clamping: room.inodes?.available ?? 0),
            inodesUsed: UInt64(clamping: use.inodes))
    }
}
