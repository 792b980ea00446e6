package import LinuxSystem
package import PodCore

extension Cgroup {
    /// Returns the memory that the processes of this cgroup may use together, and the part of it that they can still get: the limit less the working
    /// set. `nil` without a limit, without the controller, or without the cgroup. Blocking.
    package func memoryRoom() throws(CgroupError) -> NodeRoom.Amount? {
        var files = ControlFiles(self)
        guard let limit = try files.number("memory.max"), let usage = try files.number("memory.current") else { return nil }
        let inactive = try files.bytes("memory.stat").map(Self.inactiveFile) ?? 0
        let workingSet = usage - min(usage, inactive)
        return NodeRoom.Amount(capacity: Int64(clamping: limit), available: Int64(clamping: limit) - Int64(clamping: min(limit, workingSet)))
    }

    fileprivate static func inactiveFile(_ bytes: ArraySlice<UInt8>) -> UInt64 {
        var memory = ResourceStats.Memory()
        memory.readTable(bytes)
        return memory.inactiveFile ?? 0
    }
}

extension CgroupTree {
    /// Returns the room in the whole machine's memory as kubelet computes it: the capacity less the working set, which is memory in use without
    /// inactive page cache. On a host whose cgroup v2 hierarchy lacks the memory controller, it is the kernel's own estimate (`MemAvailable`),
    /// which also counts the caches of the kernel that can be freed. Blocking.
    /// - Parameter mount: where the hierarchy is mounted; `nil` without one.
    package static func machineMemoryRoom(mount: String?, _ facts: MemoryFacts) throws(SystemError) -> NodeRoom.Amount {
        let available: UInt64
        if let mount, let stat = try rootStat(mount) {
            available = min(facts.total, facts.free + Cgroup.inactiveFile(ArraySlice(stat)))
        } else {
            available = facts.available
        }
        return NodeRoom.Amount(capacity: Int64(clamping: facts.total), available: Int64(clamping: available))
    }

    /// `memory.stat` of the hierarchy's root. A mount point with a limit of its own is a part of the hierarchy, and knows only its part.
    private static func rootStat(_ mount: String) throws(SystemError) -> [UInt8]? {
        guard try FileStatus.ifPresent(mount + "/memory.current") == nil else { return nil }
        do throws(SystemError) {
            return try SmallFile.bytes(mount + "/memory.stat")
        } catch {
            if error.isNotFound { return nil }
            throw error
        }
    }
}
