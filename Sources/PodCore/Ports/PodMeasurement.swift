package import KubeModel

/// The use of a pod: its cgroup, its containers that run, its network.
package struct PodMeasurement: Sendable, Hashable {
    package struct Container: Sendable, Hashable {
        package let id: String
        package let name: String
        /// The reference as the pod has it.
        package let image: String
        /// The requests and limits of the container.
        package let resources: CgroupResources
        package var cgroup: CgroupMeasurement

        package init(id: String, name: String, image: String, resources: CgroupResources = CgroupResources(), cgroup: CgroupMeasurement) {
            self.id = id
            self.name = name
            self.image = image
            self.resources = resources
            self.cgroup = cgroup
        }
    }

    /// A volume with figures of its own.
    package struct VolumeFigures: Sendable, Hashable {
        package let name: String
        /// Of the pod's namespace.
        package let claim: String?
        package let statistics: VolumeStatistics
        package let measuredAt: Timestamp

        package init(name: String, claim: String? = nil, statistics: VolumeStatistics, measuredAt: Timestamp) {
            self.name = name
            self.claim = claim
            self.statistics = statistics
            self.measuredAt = measuredAt
        }
    }

    /// The size of a pod's files on the node's disks, and when its folders were walked.
    package struct DiskFigures: Sendable, Hashable {
        package let use: PodDiskUse
        package let measuredAt: Timestamp

        package init(use: PodDiskUse, measuredAt: Timestamp) {
            self.use = use
            self.measuredAt = measuredAt
        }
    }

    package let identity: PodIdentity
    package let sandboxID: String
    package let resources: CgroupResources
    package var cgroup: CgroupMeasurement
    /// Empty for a pod on the node's network, whose interfaces are not its own.
    package var interfaces: [InterfaceCounters]
    /// Those that run, each name once.
    package var containers: [Container]
    /// Processes of the pod; absent where the kernel does not say.
    package var processes: UInt64?
    package var volumes: [VolumeFigures] = []
    /// Absent until the pod's folders have been walked.
    package var disk: DiskFigures?

    package init(
        identity: PodIdentity, sandboxID: String, resources: CgroupResources = CgroupResources(), cgroup: CgroupMeasurement,
        interfaces: [InterfaceCounters] = [], containers: [Container] = [], processes: UInt64? = nil
    ) {
        self.identity = identity
        self.sandboxID = sandboxID
        self.resources = resources
        self.cgroup = cgroup
        self.interfaces = interfaces
        self.containers = containers
        self.processes = processes
    }
}
