import Glibc
import LinuxSystem

extension Cgroup {
    /// Returns the anonymous memory of the processes in this cgroup and below it, in bytes (`/proc/PID/statm`): an estimate of the working set for
    /// hosts whose cgroup v2 hierarchy lacks the memory controller. Pages that processes share since a fork count once for each. Blocking.
    func residentMemory(proc: String = "/proc") throws(CgroupError) -> UInt64 {
        var pages: UInt64 = 0
        for pid in try processes() {
            var files = ControlFiles(directory: "\(proc)/\(pid)")
            // A process that has ended meanwhile uses nothing.
            if let bytes = try files.bytes("statm") { pages += Self.anonymousPages(bytes) }
        }
        return pages * UInt64(max(1, sysconf(Int32(_SC_PAGESIZE))))
    }

    /// `size resident shared text lib data dt`, in pages; the shared ones belong to files and to tmpfs.
    static func anonymousPages(_ statm: ArraySlice<UInt8>) -> UInt64 {
        let fields = ControlFormat.firstLine(statm).split(separator: UInt8(ascii: " ")).map { ControlFormat.number($0) ?? 0 }
        guard fields.count > 2 else { return 0 }
        return fields[1] - min(fields[1], fields[2])
    }
}
