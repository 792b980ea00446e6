import LinuxCgroups
package import LinuxSystem
package import PodCore

/// The node's room, measured from the kernel: /proc, the pods' cgroup, and the file systems of the folders that pods write to.
package struct KernelPressure: NodePressureSource {
    /// The folders whose file systems count.
    package struct Folders: Sendable {
        /// Volumes and pods' folders: the node's own file system.
        let pods: String
        let images: String
        /// Writable layers.
        let layers: String

        package init(pods: String, images: String, layers: String) {
            self.pods = pods
            self.images = images
            self.layers = layers
        }
    }

    private let cgroups: CgroupTree
    /// Where cgroup v2 is mounted.
    private let hierarchy: String?
    private let folders: Folders
    private let pool: BlockingPool

    /// Blocking.
    package init(_ settings: ShimRuntimeSettings, _ folders: Folders) throws(SystemError) {
        cgroups = settings.cgroups
        hierarchy = CgroupTree.mountPoint(in: try MountTable())
        self.folders = folders
        // Of its own: a file system that does not answer must not hold up anything else.
        pool = BlockingPool(name: "pressure", threads: 2, queueLimit: 8)
    }

    package func observe() async -> NodeRoom {
        do {
            return try await pool.run("measure the node", deadline: .seconds(20)) { [self] in measure() }
        } catch {
            var room = NodeRoom()
            room.problems = ["\(error)"]
            return room
        }
    }

    /// Blocking.
    func measure() -> NodeRoom {
        var room = NodeRoom()
        var problems: [String] = []
        func measured<T>(_ body: () throws -> T?) -> T? {
            do {
                return try body()
            } catch {
                problems.append("\(error)")
                return nil
            }
        }
        room.memory = measured { try CgroupTree.machineMemoryRoom(mount: hierarchy, HostFacts.memory()) }
        room.allocatableMemory = measured { try cgroups.cgroup(PodCgroup.top).memoryRoom() }
        room.processIDs = measured {
            let most = try HostFacts.processIDs()
            return NodeRoom.Amount(capacity: most, available: most - (try HostFacts.runningTasks()))
        }
        let pods = measured { try Volume(folders.pods) }
        let images = measured { try Volume(folders.images) }
        let layers = measured { try Volume(folders.layers) }
        (room.nodeFileSystem, room.imageFileSystem, room.containerFileSystem) = (pods?.room, images?.room, layers?.room)
        if let pods, let images, let layers {
            room.layout = DiskLayout(
                hasImageFileSystem: images.device != pods.device,
                splitsContainers: images.device != pods.device && layers.device != images.device)
        }
        room.problems = problems
        return room
    }

    /// Ends where the kernel has no pressure stall information, or does not let it be watched. A cgroup that is made anew is watched again.
    package var alarms: AsyncStream<Void> {
        let paths = [cgroups.root + "/" + PodCgroup.top + "/memory.pressure", "/proc/pressure/memory"]
        let watch = StallWatch(paths: paths)
        return AsyncStream(unfolding: { await watch.next() })
    }
}

extension KernelPressure {
    /// The file system of a folder.
    private struct Volume {
        let device: UInt64
        let room: NodeRoom.FileSystem

        init(_ path: String) throws(SystemError) {
            device = try FileStatus(of: path, follow: true).device
            let stats = try FileSystemStats(path: path)
            room = NodeRoom.FileSystem(
                bytes: .init(capacity: Int64(clamping: stats.capacity), available: Int64(clamping: stats.available)),
                inodes: stats.inodes == 0 ? nil : .init(capacity: Int64(clamping: stats.inodes), available: Int64(clamping: stats.inodesFree)),
                used: Int64(clamping: stats.used),
                device: BlockDevices.path(major: UInt32(device >> 32), minor: UInt32(truncatingIfNeeded: device)))
        }
    }
}
