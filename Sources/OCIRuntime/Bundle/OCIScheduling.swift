import CLinux
import Glibc
import PodCore

/// `process.scheduler`, `.ioPriority`, `.execCPUAffinity` and `linux.personality` in the kernel's numbers.
enum OCIScheduling {
    private static let policies: [String: UInt32] = [
        "SCHED_OTHER": 0, "SCHED_FIFO": 1, "SCHED_RR": 2, "SCHED_BATCH": 3, "SCHED_IDLE": 5, "SCHED_DEADLINE": 6,
    ]
    private static let flags: [String: UInt64] = [
        "SCHED_FLAG_RESET_ON_FORK": 0x01, "SCHED_FLAG_RECLAIM": 0x02, "SCHED_FLAG_DL_OVERRUN": 0x04, "SCHED_FLAG_KEEP_POLICY": 0x08,
        "SCHED_FLAG_KEEP_PARAMS": 0x10, "SCHED_FLAG_UTIL_CLAMP_MIN": 0x20, "SCHED_FLAG_UTIL_CLAMP_MAX": 0x40,
    ]
    private static let classes: [String: UInt32] = ["IOPRIO_CLASS_RT": 1, "IOPRIO_CLASS_BE": 2, "IOPRIO_CLASS_IDLE": 3]
    private static let domains: [String: UInt32] = ["LINUX": 0, "LINUX32": 8]

    static func scheduler(_ scheduler: OCISpec.Scheduler) throws(RuntimeFailure) -> swl_scheduler {
        guard let policy = policies[scheduler.policy] else {
            throw OCIBundle.invalid("process.scheduler.policy", "\"\(scheduler.policy)\"", policies.keys.sorted().joined(separator: ", "))
        }
        guard let priority = UInt32(exactly: scheduler.priority ?? 0) else {
            throw OCIBundle.invalid("process.scheduler.priority", "\(scheduler.priority ?? 0)", "0 to 99")
        }
        var bits: UInt64 = 0
        for name in scheduler.flags ?? [] {
            guard let bit = flags[name] else {
                throw OCIBundle.invalid("process.scheduler.flags", "\"\(name)\"", flags.keys.sorted().joined(separator: ", "))
            }
            bits |= bit
        }
        return swl_scheduler(
            policy: policy, nice: scheduler.nice ?? 0, priority: priority, reserved: 0, flags: bits, runtime: scheduler.runtime ?? 0,
            deadline: scheduler.deadline ?? 0, period: scheduler.period ?? 0)
    }

    static func ioPriority(_ wanted: OCISpec.IOPriority) throws(RuntimeFailure) -> UInt32 {
        guard let number = classes[wanted.class] else {
            throw OCIBundle.invalid("process.ioPriority.class", "\"\(wanted.class)\"", classes.keys.sorted().joined(separator: ", "))
        }
        guard (0...7).contains(wanted.priority) else { throw OCIBundle.invalid("process.ioPriority.priority", "\(wanted.priority)", "0 to 7") }
        return number << 13 | UInt32(wanted.priority)
    }

    static func personality(_ wanted: OCISpec.Personality) throws(RuntimeFailure) -> UInt32 {
        guard let number = domains[wanted.domain] else {
            throw OCIBundle.invalid("linux.personality.domain", "\"\(wanted.domain)\"", domains.keys.sorted().joined(separator: ", "))
        }
        if let flag = wanted.flags?.first { throw OCIBundle.unsupported("linux.personality.flags: \(flag)", "the specification has none yet") }
        return number
    }

    /// A list such as `0-3,7` as the kernel's mask; `nil` for an empty one.
    static func affinity(_ list: String) throws(RuntimeFailure) -> [UInt8]? {
        var mask: [UInt8] = []
        for part in list.split(separator: ",") {
            let ends = part.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false).map { Int($0.filter { $0 != " " }) }
            guard let first = ends[0], let last = ends.count == 2 ? ends[1] : first, first >= 0, first <= last, last < 8192 else {
                throw OCIBundle.invalid("process.execCPUAffinity", "\"\(list)\"", "a list of CPUs such as 0-3,7")
            }
            for cpu in first...last {
                while mask.count <= cpu / 8 { mask += [0, 0, 0, 0, 0, 0, 0, 0] }
                mask[cpu / 8] |= 1 << (cpu % 8)
            }
        }
        return mask.isEmpty ? nil : mask
    }
}
