import Glibc
import LinuxSystem

/// What a cgroup has used. Figures whose controller is missing are absent.
package struct CgroupStats: Sendable, Hashable {
    /// Microseconds of CPU time since the cgroup was made.
    package var cpuUsage: UInt64?
    /// Bytes charged, page cache included.
    package var memoryCurrent: UInt64?
    /// Bytes that cannot be had back easily: `memory.current` less inactive page cache. Eviction ranks by it.
    package var memoryWorkingSet: UInt64?
    /// Anonymous memory, bytes.
    package var memoryRSS: UInt64?
    package var pageFaults: UInt64?
    package var majorPageFaults: UInt64?
    package var swapCurrent: UInt64?
    /// Processes that the OOM killer took here or below.
    package var oomKills: UInt64?
    package var pids: UInt64?

    package init() {}
}

extension Cgroup {
    /// Reads the figures. Throws when the cgroup does not exist. Blocking.
    package func stats() throws(CgroupError) -> CgroupStats {
        var stats = CgroupStats()
        // cpu.stat is there without the controller too, so its absence means that the cgroup is gone.
        stats.cpuUsage = try table("cpu.stat")?["usage_usec"]
        if stats.cpuUsage == nil, !exists {
            throw CgroupError(
                code: .kernel, operation: "measure", path: path, cause: SystemError(call: "open", path: path + "/cpu.stat", errno: ENOENT))
        }
        stats.memoryCurrent = try number("memory.current")
        if let memory = try table("memory.stat") {
            stats.memoryRSS = memory["anon"]
            stats.pageFaults = memory["pgfault"]
            stats.majorPageFaults = memory["pgmajfault"]
            if let current = stats.memoryCurrent {
                let inactive = memory["inactive_file"] ?? 0
                stats.memoryWorkingSet = current > inactive ? current - inactive : 0
            }
        }
        stats.swapCurrent = try number("memory.swap.current")
        stats.oomKills = try table("memory.events")?["oom_kill"]
        stats.pids = try number("pids.current")
        return stats
    }

    private func content(_ file: String) throws(CgroupError) -> String? {
        do throws(SystemError) {
            return try SmallFile.text(path + "/" + file)
        } catch {
            if error.isNotFound || error.is(ENODEV) { return nil }
            throw CgroupError(code: .kernel, operation: "read \(file) of", path: path, cause: error)
        }
    }

    private func number(_ file: String) throws(CgroupError) -> UInt64? {
        try content(file).flatMap { UInt64($0.prefix { $0 != "\n" }) }
    }

    /// `key value` lines.
    private func table(_ file: String) throws(CgroupError) -> [Substring: UInt64]? {
        guard let text = try content(file) else { return nil }
        var result: [Substring: UInt64] = [:]
        for line in text.split(separator: "\n") {
            let parts = line.split(separator: " ")
            if parts.count == 2, let value = UInt64(parts[1]) { result[parts[0]] = value }
        }
        return result
    }
}
