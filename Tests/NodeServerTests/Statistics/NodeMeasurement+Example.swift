import KubeModel
import PodCore

extension NodeMeasurement {
    static let measuredAt = Timestamp(seconds: 1_800_000_100, nanoseconds: 250_000_000)

    /// A node with two pods, of which the second is on the node's network, and every figure that a kernel gives.
    static var example: NodeMeasurement {
        var node = NodeMeasurement(
            facts: MachineFacts(
                kernelVersion: "6.12.1", operatingSystem: "Debian GNU/Linux 12 (bookworm)", bootID: "boot", machineID: "machine",
                systemUUID: "uuid", processors: 4, physicalCores: 2, sockets: 1, memory: 8 << 30, swap: 1 << 30),
            machine: CgroupMeasurement(path: "/", startedAt: Timestamp(seconds: 1_799_000_000), stats: .example(usage: 9_000_000, memory: 4 << 30)),
            swapUsage: 4096, interfaces: [InterfaceCounters(name: "eth0", received: .init(bytes: 10), sent: .init(bytes: 20, errors: 1))],
            defaultInterface: "eth0",
            levels: [
                CgroupMeasurement(
                    path: "/kubepods", startedAt: Timestamp(seconds: 1_800_000_000), stats: .example(usage: 3_000_000, memory: 1 << 30))
            ],
            pods: [pod("web", sandbox: "s1", containers: ["app", "side"]), pod("agent", sandbox: "s2", containers: ["only"], own: false)])
        node.machine.usageNanoCores = 5
        node.levels[0].usageNanoCores = 6
        node.deviceNames = [BlockDevice(major: 8, minor: 0): "/dev/sda"]
        var room = NodeRoom()
        room.nodeFileSystem = .init(bytes: .init(capacity: 1000, available: 400), inodes: .init(capacity: 100, available: 90), used: 500)
        room.imageFileSystem = room.nodeFileSystem
        room.containerFileSystem = room.nodeFileSystem
        room.processIDs = .init(capacity: 32768, available: 32000)
        node.storage = Storage(measuredAt: measuredAt, room: room, images: 123, layers: DiskUse(bytes: 7, inodes: 2))
        return node
    }

    static func pod(_ name: String, sandbox: String, containers: [String], own: Bool = true) -> PodMeasurement {
        let path = "/kubepods/pod" + name
        var pod = PodMeasurement(
            identity: PodIdentity(namespace: "default", name: name, uid: "uid-" + name), sandboxID: sandbox,
            resources: CgroupResources(cpuRequest: 100, cpuLimit: 500, memoryLimit: 128 << 20, swapLimit: 1024),
            cgroup: CgroupMeasurement(
                path: path, startedAt: Timestamp(seconds: 1_800_000_010), stats: .example(usage: 200_000, memory: 20 << 20)),
            interfaces: own
                ? [
                    InterfaceCounters(
                        name: "eth0", received: .init(bytes: 100, packets: 3, errors: 1, dropped: 2),
                        sent: .init(bytes: 200, packets: 4, errors: 5, dropped: 6))
                ] : [], processes: 3)
        pod.cgroup.usageNanoCores = 7
        for container in containers {
            let id = "\(sandbox)-\(container)"
            var cgroup = CgroupMeasurement(
                path: "\(path)/\(id)", startedAt: Timestamp(seconds: 1_800_000_020, nanoseconds: 500_000_000),
                stats: .example(usage: 100_000, memory: 10 << 20))
            cgroup.usageNanoCores = 8
            pod.containers.append(
                .init(
                    id: id, name: container, image: "registry.example/\(container):1", resources: CgroupResources(memoryLimit: 64 << 20),
                    cgroup: cgroup))
        }
        pod.disk = .init(
            use: PodDiskUse(
                layers: ["app": DiskUse(bytes: 30, inodes: 3)], logs: ["app": DiskUse(bytes: 4, inodes: 1)],
                volumes: ["data": DiskUse(bytes: 6, inodes: 2)]), measuredAt: measuredAt)
        pod.volumes = [
            .init(
                name: "data", claim: "disk",
                statistics: VolumeStatistics(capacityBytes: 50, availableBytes: 20, usedBytes: 30, inodes: 9, inodesFree: 4), measuredAt: measuredAt)
        ]
        return pod
    }
}

extension ResourceStats {
    /// Every figure, with CPU time in microseconds and memory in bytes.
    static func example(usage: UInt64, memory bytes: UInt64) -> ResourceStats {
        var stats = ResourceStats(measuredAt: NodeMeasurement.measuredAt)
        var pressure = Pressure()
        var line = Pressure.Line()
        (line.average10, line.average60, line.average300, line.total) = (1.5, 0.25, 0, 2_000_000)
        (pressure.some, pressure.full) = (line, line)
        (stats.cpu.usage, stats.cpu.user, stats.cpu.system) = (usage, usage / 2, usage / 2)
        (stats.cpu.periods, stats.cpu.throttledPeriods, stats.cpu.throttledTime) = (10, 2, 500_000)
        (stats.cpu.bursts, stats.cpu.burstTime, stats.cpu.pressure) = (1, 250_000, pressure)
        (stats.memory.usage, stats.memory.workingSet, stats.memory.rss) = (bytes, bytes - 4096, bytes / 2)
        (stats.memory.cache, stats.memory.mappedFile, stats.memory.kernel) = (8192, 4096, 1024)
        (stats.memory.activeFile, stats.memory.inactiveFile, stats.memory.peak) = (4096, 4096, bytes * 2)
        (stats.memory.limit, stats.memory.swap, stats.memory.swapLimit) = (bytes * 4, 0, 1 << 20)
        (stats.memory.pageFaults, stats.memory.majorPageFaults) = (11, 1)
        (stats.memory.limitHits, stats.memory.oomKills, stats.memory.pressure) = (4, 1, pressure)
        var disk = Device(major: 8, minor: 0)
        (disk.readBytes, disk.writtenBytes, disk.reads, disk.writes) = (512, 1024, 1, 2)
        stats.devices = [disk]
        stats.ioPressure = pressure
        (stats.processes, stats.tasks, stats.taskLimit) = (1, 5, 100)
        return stats
    }
}
