import Glibc
import KubeModel
package import LinuxSystem
package import PodCore

extension CgroupTree {
    /// Reads what the whole machine has used: CPU from the hierarchy's root or /proc/stat, memory as eviction sees it, pressure from /proc/pressure.
    ///
    /// Usage is all memory that is not free; page faults are absent where the hierarchy lacks the memory controller. Blocking.
    /// - Parameter mount: where the hierarchy is mounted; `nil` without one.
    package static func machineStats(mount: String?, _ facts: MemoryFacts, proc: String = "/proc") throws(CgroupError) -> ResourceStats {
        let (seconds, rest) = KernelClock.realtime.quotientAndRemainder(dividingBy: 1_000_000_000)
        var stats = ResourceStats(measuredAt: Timestamp(seconds: seconds, nanoseconds: Int32(rest)))
        try stats.cpu.readMachine(mount: mount, proc: proc)
        var pressure = ControlFiles(directory: proc + "/pressure")
        stats.cpu.pressure = try pressure.pressure("cpu")
        stats.memory.pressure = try pressure.pressure("memory")
        stats.ioPressure = try pressure.pressure("io")
        let room = try CgroupError.translating("measure", mount ?? proc) { () throws(SystemError) in try machineMemoryRoom(mount: mount, facts) }
        stats.memory.usage = facts.total - min(facts.total, facts.free)
        stats.memory.workingSet = UInt64(clamping: room.capacity - room.available)
        stats.memory.swap = facts.swapTotal - min(facts.swapTotal, facts.swapFree)
        if let mount, try isMachine(mount) {
            var files = ControlFiles(directory: mount)
            if let bytes = try files.bytes("memory.stat") { stats.memory.readTable(bytes) }
            stats.devices = try files.bytes("io.stat").map(ResourceStats.Device.list)
        }
        stats.memory.rss = stats.memory.rss ?? facts.anonymous
        stats.memory.cache = stats.memory.cache ?? facts.cached
        return stats
    }

    /// Whether the mount shows the hierarchy's root, and not a part of it. Only the root has no type.
    fileprivate static func isMachine(_ mount: String) throws(CgroupError) -> Bool {
        try CgroupError.translating("measure", mount) { () throws(SystemError) in try FileStatus.ifPresent(mount + "/cgroup.type") == nil }
    }
}

extension ResourceStats.CPU {
    fileprivate mutating func readMachine(mount: String?, proc: String) throws(CgroupError) {
        if let mount, try CgroupTree.isMachine(mount) {
            var files = ControlFiles(directory: mount)
            if let bytes = try files.bytes("cpu.stat") { return read(bytes) }
        }
        var files = ControlFiles(directory: proc)
        if let bytes = try files.bytes("stat") { readTicks(bytes) }
    }

    /// `cpu  user nice system idle iowait irq softirq steal guest guest_nice`, in ticks; the guests' are part of the first two.
    mutating func readTicks(_ bytes: ArraySlice<UInt8>) {
        let fields = ControlFormat.firstLine(bytes).split(separator: UInt8(ascii: " "))
        guard fields.count > 7, fields[0].elementsEqual("cpu".utf8) else { return }
        let ticks = fields[1...7].map { ControlFormat.number($0) ?? 0 }
        let microseconds = 1_000_000 / UInt64(max(1, sysconf(Int32(_SC_CLK_TCK))))
        let userTicks = ticks[0] &+ ticks[1]
        let systemTicks = ticks[2] &+ ticks[5] &+ ticks[6]
        (user, system) = (userTicks &* microseconds, systemTicks &* microseconds)
        usage = (userTicks &+ systemTicks) &* microseconds
    }
}
