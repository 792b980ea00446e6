import KubeModel
import PodCore

/// The body of `/stats/summary`: `stats.k8s.io/v1alpha1` Summary.
struct StatsSummary: Sendable {
    private let nodeName: String
    private let node: NodeMeasurement
    /// Processors and memory only.
    private let isBrief: Bool

    init(nodeName: String, _ node: NodeMeasurement, isBrief: Bool) {
        self.nodeName = nodeName
        self.node = node
        self.isBrief = isBrief
    }

    var json: JSONValue { ["node": nodeFigures, "pods": .array(node.pods.map(figures))] }

    // MARK: Node

    private var nodeFigures: JSONValue {
        var object: JSONValue = ["nodeName": .string(nodeName), "startTime": Self.time(node.machine.startedAt)]
        add(node.machine, capacity: node.facts.memory, to: &object)
        object["systemContainers"] = .array(
            node.levels.prefix(1).map { pods in
                var level: JSONValue = ["name": "pods", "startTime": Self.time(pods.startedAt)]
                add(pods, capacity: pods.stats.memory.limit ?? node.facts.memory, to: &level)
                level["swap"] = Self.swap(pods.stats)
                return level
            })
        if let usage = node.swapUsage {
            object["swap"] = [
                "time": Self.time(node.machine.stats.measuredAt), "swapUsageBytes": Self.number(usage),
                "swapAvailableBytes": Self.number(node.facts.swap - min(node.facts.swap, usage)),
            ]
        }
        if isBrief { return object }
        object["network"] = network(node.interfaces, named: node.defaultInterface, at: node.machine.stats.measuredAt)
        guard let storage = node.storage else { return object }
        object["fs"] = storage.room.nodeFileSystem.map { Self.fileSystem($0, bytes: $0.used, inodes: $0.inodesInUse, at: storage.measuredAt) }
        var runtime: JSONValue = [:]
        runtime["imageFs"] = storage.room.imageFileSystem.map {
            Self.fileSystem($0, bytes: storage.images.map { Int64(clamping: $0) }, inodes: nil, at: storage.measuredAt)
        }
        runtime["containerFs"] = storage.room.containerFileSystem.map {
            Self.fileSystem($0, bytes: storage.layers?.bytes, inodes: storage.layers?.inodes, at: storage.measuredAt)
        }
        object["runtime"] = runtime
        if let processes = storage.room.processIDs {
            object["rlimit"] = [
                "time": Self.time(storage.measuredAt), "maxpid": .integer(processes.capacity),
                "curproc": .integer(processes.capacity - processes.available),
            ]
        }
        return object
    }

    // MARK: Pods

    private func figures(_ pod: PodMeasurement) -> JSONValue {
        var object: JSONValue = [
            "podRef": ["name": .string(pod.identity.name), "namespace": .string(pod.identity.namespace), "uid": .string(pod.identity.uid)],
            "startTime": Self.time(pod.cgroup.startedAt), "containers": .array(pod.containers.map { figures($0, of: pod) }),
        ]
        add(pod.cgroup, capacity: pod.cgroup.stats.memory.limit, to: &object)
        object["swap"] = Self.swap(pod.cgroup.stats)
        if isBrief { return object }
        object["process_stats"] = pod.processes.map { ["process_count": Self.number($0)] }
        if !pod.interfaces.isEmpty { object["network"] = network(pod.interfaces, named: "eth0", at: pod.cgroup.stats.measuredAt) }
        if !pod.volumes.isEmpty { object["volume"] = .array(pod.volumes.map { Self.volume($0, namespace: pod.identity.namespace) }) }
        if let disk = pod.disk, let room = node.storage?.room.nodeFileSystem {
            let total = disk.use.total
            object["ephemeral-storage"] = Self.fileSystem(room, bytes: total.bytes, inodes: total.inodes, at: disk.measuredAt)
        }
        return object
    }

    private func figures(_ container: PodMeasurement.Container, of pod: PodMeasurement) -> JSONValue {
        var object: JSONValue = ["name": .string(container.name), "startTime": Self.time(container.cgroup.startedAt)]
        let memory = container.cgroup.stats.memory
        add(container.cgroup, capacity: memory.limit, to: &object)
        if let usage = memory.swap {
            var swap: JSONValue = ["time": Self.time(container.cgroup.stats.measuredAt), "swapUsageBytes": Self.number(usage)]
            swap["swapAvailableBytes"] = memory.swapLimit.map { Self.number(min($0, node.facts.swap) - min($0, node.facts.swap, usage)) }
            object["swap"] = swap
        }
        guard !isBrief, let storage = node.storage else { return object }
        let measured = pod.disk?.measuredAt ?? storage.measuredAt
        object["rootfs"] = storage.room.containerFileSystem.map {
            let use = pod.disk?.use.layers[container.name]
            return Self.fileSystem($0, bytes: use?.bytes, inodes: use?.inodes, at: measured)
        }
        object["logs"] = storage.room.nodeFileSystem.map {
            let use = pod.disk?.use.logs[container.name]
            return Self.fileSystem($0, bytes: use?.bytes, inodes: use?.inodes, at: measured)
        }
        return object
    }

    /// Adds `cpu`, `memory` and, unless it is brief, `io`.
    /// - Parameter capacity: bytes of memory that the cgroup may use; `nil` without a limit.
    private func add(_ cgroup: CgroupMeasurement, capacity: UInt64?, to object: inout JSONValue) {
        let stats = cgroup.stats
        let time = Self.time(stats.measuredAt)
        var cpu: JSONValue = ["time": time]
        cpu["usageNanoCores"] = cgroup.usageNanoCores.map(Self.number)
        // A counter that has passed 64 bits of nanoseconds is one of centuries.
        cpu["usageCoreNanoSeconds"] = stats.cpu.usage.map { Self.number($0 &* 1000) }
        cpu["psi"] = stats.cpu.pressure.map(Self.pressure)
        object["cpu"] = cpu
        if let workingSet = cgroup.workingSet {
            var memory: JSONValue = ["time": time, "workingSetBytes": Self.number(workingSet)]
            memory["availableBytes"] = capacity.map { Self.number($0 - min($0, workingSet)) }
            memory["usageBytes"] = cgroup.memoryUsage.map(Self.number)
            memory["rssBytes"] = stats.memory.rss.map(Self.number)
            memory["pageFaults"] = stats.memory.pageFaults.map(Self.number)
            memory["majorPageFaults"] = stats.memory.majorPageFaults.map(Self.number)
            memory["psi"] = stats.memory.pressure.map(Self.pressure)
            object["memory"] = memory
        }
        if isBrief { return }
        var io: JSONValue = ["time": time]
        io["psi"] = stats.ioPressure.map(Self.pressure)
        object["io"] = io
    }
}
