package import KubeModel

/// One measurement of the node and of everything that runs in its pods. Each part carries the time at which it was read.
package struct NodeMeasurement: Sendable, Hashable {
    /// The node's file systems, and what images and writable layers take of them.
    package struct Storage: Sendable, Hashable {
        package let measuredAt: Timestamp
        package let room: NodeRoom
        /// Bytes of the files of all images.
        package var images: UInt64?
        /// Of the containers that were walked.
        package var layers: DiskUse?

        package init(measuredAt: Timestamp, room: NodeRoom, images: UInt64? = nil, layers: DiskUse? = nil) {
            self.measuredAt = measuredAt
            self.room = room
            self.images = images
            self.layers = layers
        }
    }

    package struct BlockDevice: Sendable, Hashable {
        package let major: UInt32
        package let minor: UInt32

        package init(major: UInt32, minor: UInt32) {
            self.major = major
            self.minor = minor
        }
    }

    package let facts: MachineFacts
    package var machine: CgroupMeasurement
    /// Bytes of swap in use on the machine.
    package var swapUsage: UInt64?
    /// The node's own interfaces, without those of pods.
    package var interfaces: [InterfaceCounters]
    /// The interface that stands for the node: `eth0`, else that of the default route.
    package var defaultInterface: String?
    /// All pods together, then the quality-of-service classes that have a level of their own.
    package var levels: [CgroupMeasurement]
    /// By namespace and name. One for each pod.
    package var pods: [PodMeasurement]
    /// The names of block devices, such as `/dev/sda`.
    package var deviceNames: [BlockDevice: String] = [:]
    /// Absent where it was not asked for.
    package var storage: Storage?
    /// For each part that could not be measured.
    package var problems: [String]

    package init(
        facts: MachineFacts, machine: CgroupMeasurement, swapUsage: UInt64? = nil, interfaces: [InterfaceCounters] = [],
        defaultInterface: String? = nil, levels: [CgroupMeasurement] = [], pods: [PodMeasurement] = [], problems: [String] = []
    ) {
        self.facts = facts
        self.machine = machine
        self.swapUsage = swapUsage
        self.interfaces = interfaces
        self.defaultInterface = defaultInterface
        self.levels = levels
        self.pods = pods
        self.problems = problems
    }

    /// Every cgroup that was measured.
    package var cgroups: [CgroupMeasurement] { [machine] + levels + pods.flatMap { [$0.cgroup] + $0.containers.map(\.cgroup) } }

    /// Changes every cgroup that was measured, with the key by which it is found again in a later measurement.
    package mutating func updateCgroups(_ body: (_ key: String, inout CgroupMeasurement) -> Void) {
        body(machine.path, &machine)
        for index in levels.indices { body(levels[index].path, &levels[index]) }
        for index in pods.indices {
            // A pod's cgroup has the same path in its next sandbox.
            body(pods[index].sandboxID, &pods[index].cgroup)
            for container in pods[index].containers.indices {
                body(pods[index].containers[container].id, &pods[index].containers[container].cgroup)
            }
        }
    }
}
