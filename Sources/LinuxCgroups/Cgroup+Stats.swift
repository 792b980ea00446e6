import Glibc
import KubeModel
import LinuxSystem
package import PodCore

extension Cgroup {
    /// Reads what this cgroup has used, in one pass. Throws when it does not exist. Blocking.
    package func stats() throws(CgroupError) -> ResourceStats {
        let (seconds, rest) = KernelClock.realtime.quotientAndRemainder(dividingBy: 1_000_000_000)
        var stats = ResourceStats(measuredAt: Timestamp(seconds: seconds, nanoseconds: Int32(rest)))
        var files = ControlFiles(self)
        // cpu.stat is there without the controller too, so its absence means that the cgroup is gone.
        guard let cpu = try files.bytes("cpu.stat") else {
            throw CgroupError(
                code: .kernel, operation: "measure", path: path, cause: SystemError(call: "open", path: path + "/cpu.stat", errno: ENOENT))
        }
        stats.cpu.read(cpu)
        stats.cpu.pressure = try files.pressure("cpu.pressure")
        try stats.memory.read(&files)
        if stats.memory.usage == nil {
            // metrics-server leaves out pods without a working set, and eviction ranks by it.
            let resident = try residentMemory()
            (stats.memory.workingSet, stats.memory.rss) = (resident, resident)
        }
        stats.devices = try files.bytes("io.stat").map(ResourceStats.Device.list)
        stats.ioPressure = try files.pressure("io.pressure")
        stats.processes = try files.bytes("cgroup.procs").map { UInt64($0.count { $0 == UInt8(ascii: "\n") }) }
        stats.tasks = try files.number("pids.current")
        stats.taskLimit = try files.number("pids.max")
        for size in tree.hugepageSizes { stats.hugepages[size] = try files.number("hugetlb.\(size).current") }
        return stats
    }
}

extension ControlFiles {
    mutating func pressure(_ file: String) throws(CgroupError) -> ResourceStats.Pressure? {
        try bytes(file).map(ResourceStats.Pressure.init(parsing:))
    }
}

extension ResourceStats.CPU {
    mutating func read(_ bytes: ArraySlice<UInt8>) {
        ControlFormat.flat(
            bytes, into: &self,
            [
                ("usage_usec", \.usage), ("user_usec", \.user), ("system_usec", \.system), ("nr_periods", \.periods),
                ("nr_throttled", \.throttledPeriods), ("throttled_usec", \.throttledTime), ("nr_bursts", \.bursts), ("burst_usec", \.burstTime),
            ])
    }
}

extension ResourceStats.Memory {
    mutating func read(_ files: inout ControlFiles) throws(CgroupError) {
        usage = try files.number("memory.current")
        if let bytes = try files.bytes("memory.stat") { readTable(bytes) }
        if let bytes = try files.bytes("memory.events") {
            ControlFormat.flat(bytes, into: &self, [("max", \.limitHits), ("oom_kill", \.oomKills)])
        }
        workingSet = usage.map { $0 - min($0, inactiveFile ?? 0) }
        peak = try files.number("memory.peak")
        limit = try files.number("memory.max")
        swap = try files.number("memory.swap.current")
        swapLimit = try files.number("memory.swap.max")
        pressure = try files.pressure("memory.pressure")
    }

    mutating func readTable(_ bytes: ArraySlice<UInt8>) {
        ControlFormat.flat(
            bytes, into: &self,
            [
                ("anon", \.rss), ("file", \.cache), ("kernel", \.kernel), ("file_mapped", \.mappedFile), ("active_file", \.activeFile),
                ("inactive_file", \.inactiveFile), ("pgfault", \.pageFaults), ("pgmajfault", \.majorPageFaults),
            ])
    }
}

extension ResourceStats.Device {
    /// `io.stat`: a line for each device, `8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=5 dios=6`.
    static func list(_ bytes: ArraySlice<UInt8>) -> [Self] {
        var devices: [Self] = []
        ControlFormat.forEachLine(bytes) { line in
            let name = line.prefix { $0 != UInt8(ascii: " ") }
            let numbers = name.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false).map { ControlFormat.number($0) }
            guard numbers.count == 2, let major = numbers[0].flatMap(UInt32.init(exactly:)), let minor = numbers[1].flatMap(UInt32.init(exactly:))
            else { return }
            var device = Self(major: major, minor: minor)
            ControlFormat.parts(line[name.endIndex...]) { key, value in
                let value = ControlFormat.number(value)
                if key.elementsEqual("rbytes".utf8) { device.readBytes = value }
                if key.elementsEqual("wbytes".utf8) { device.writtenBytes = value }
                if key.elementsEqual("rios".utf8) { device.reads = value }
                if key.elementsEqual("wios".utf8) { device.writes = value }
            }
            devices.append(device)
        }
        return devices
    }
}

extension ResourceStats.Pressure {
    /// `some avg10=0.00 avg60=0.00 avg300=0.00 total=0`, then a line of that form for `full`.
    init(parsing bytes: ArraySlice<UInt8>) {
        self.init()
        ControlFormat.forEachLine(bytes) { line in
            let name = line.prefix { $0 != UInt8(ascii: " ") }
            var values = Line()
            ControlFormat.parts(line[name.endIndex...]) { key, value in
                if key.elementsEqual("total".utf8) { values.total = ControlFormat.number(value) ?? 0 }
                guard let average = ControlFormat.average(value) else { return }
                if key.elementsEqual("avg10".utf8) { values.average10 = average }
                if key.elementsEqual("avg60".utf8) { values.average60 = average }
                if key.elementsEqual("avg300".utf8) { values.average300 = average }
            }
            if name.elementsEqual("some".utf8) { some = values }
            if name.elementsEqual("full".utf8) { full = values }
        }
    }
}
