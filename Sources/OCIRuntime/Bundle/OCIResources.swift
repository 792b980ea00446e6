import LinuxCgroups
import LinuxSystem
import PodCore

/// `linux.resources` as files of a cgroup v2, in the order in which they are written.
struct OCIResources: Sendable {
    struct Setting: Sendable, Hashable {
        let file: String
        let value: String
        /// The field, for messages.
        let field: String
    }

    private(set) var settings: [Setting] = []

    init(_ resources: OCISpec.Resources) throws(RuntimeFailure) {
        try addMemory(resources.memory)
        try addCPU(resources.cpu)
        if let limit = resources.pids?.limit, limit != 0 { add("pids.max", limit < 0 ? "max" : String(limit), "pids.limit") }
        for limit in resources.hugepageLimits ?? [] {
            guard !limit.pageSize.contains("/"), !limit.pageSize.isEmpty else {
                throw OCIBundle.invalid("linux.resources.hugepageLimits", "the page size \"\(limit.pageSize)\"", "one such as 2MB")
            }
            add("hugetlb.\(limit.pageSize).max", String(limit.limit), "hugepageLimits")
        }
        try addBlockIO(resources.blockIO)
        for (device, limit) in (resources.rdma ?? [:]).sorted(by: { $0.key < $1.key }) {
            let parts = [limit.hcaHandles.map { "hca_handle=\($0)" }, limit.hcaObjects.map { "hca_object=\($0)" }].compactMap { $0 }
            if !parts.isEmpty { add("rdma.max", ([device] + parts).joined(separator: " "), "rdma") }
        }
        if resources.network != nil { throw OCIBundle.unsupported("linux.resources.network", "cgroup v2 has no such controller") }
        // Last: it is the exact form of what the others say in general.
        for (file, value) in (resources.unified ?? [:]).sorted(by: { $0.key < $1.key }) {
            guard !file.contains("/"), file.contains("."), !file.hasPrefix("cgroup.") else {
                throw OCIBundle.invalid("linux.resources.unified", "\"\(file)\"", "the name of a controller's file, such as memory.high")
            }
            add(file, value, "unified")
        }
    }

    private mutating func add(_ file: String, _ value: String, _ field: String) {
        settings.append(Setting(file: file, value: value, field: "linux.resources." + field))
    }

    private mutating func addMemory(_ memory: OCISpec.Memory?) throws(RuntimeFailure) {
        guard let memory else { return }
        for (field, isPresent) in [
            ("kernel", (memory.kernel ?? 0) > 0), ("kernelTCP", (memory.kernelTCP ?? 0) > 0), ("swappiness", memory.swappiness != nil),
            ("disableOOMKiller", memory.disableOOMKiller == true),
        ] where isPresent { throw OCIBundle.unsupported("linux.resources.memory.\(field)", "cgroup v2 does not have it") }
        let text = { (bytes: Int64) in bytes < 0 ? "max" : String(bytes) }
        if let limit = memory.limit, limit != 0 { add("memory.max", text(limit), "memory.limit") }
        if let reservation = memory.reservation, reservation != 0 { add("memory.low", text(max(0, reservation)), "memory.reservation") }
        if let swap = memory.swap, swap != 0 {
            // There it counts memory and swap together, here swap alone.
            if swap < 0 {
                add("memory.swap.max", "max", "memory.swap")
            } else {
                guard let limit = memory.limit, limit > 0, swap >= limit else {
                    throw OCIBundle.invalid(
                        "linux.resources.memory.swap", "\(swap) with the limit \(memory.limit ?? 0)", "a limit, and swap not below it")
                }
                add("memory.swap.max", String(swap - limit), "memory.swap")
            }
        }
    }

    private mutating func addCPU(_ cpu: OCISpec.CPU?) throws(RuntimeFailure) {
        guard let cpu else { return }
        if (cpu.realtimeRuntime ?? 0) != 0 || (cpu.realtimePeriod ?? 0) != 0 {
            throw OCIBundle.unsupported("linux.resources.cpu.realtimeRuntime and realtimePeriod", "cgroup v2 does not have them")
        }
        if let shares = cpu.shares, shares != 0 {
            add("cpu.weight", String(CPUController.weight(shares: Int64(clamping: min(262_144, max(2, shares))))), "cpu.shares")
        }
        if cpu.quota != nil || cpu.period != nil {
            let quota = cpu.quota.flatMap { $0 > 0 ? String($0) : nil } ?? "max"
            add("cpu.max", "\(quota) \(cpu.period.flatMap { $0 > 0 ? $0 : nil } ?? 100_000)", "cpu.quota")
        }
        if let burst = cpu.burst { add("cpu.max.burst", String(burst), "cpu.burst") }
        if let idle = cpu.idle { add("cpu.idle", String(idle), "cpu.idle") }
        if let cpus = cpu.cpus, !cpus.isEmpty { add("cpuset.cpus", cpus, "cpu.cpus") }
        if let mems = cpu.mems, !mems.isEmpty { add("cpuset.mems", mems, "cpu.mems") }
    }

    private mutating func addBlockIO(_ io: OCISpec.BlockIO?) throws(RuntimeFailure) {
        guard let io else { return }
        if io.leafWeight != nil { throw OCIBundle.unsupported("linux.resources.blockIO.leafWeight", "cgroup v2 does not have it") }
        if !(io.weightDevice ?? []).isEmpty { throw OCIBundle.unsupported("linux.resources.blockIO.weightDevice") }
        if let weight = io.weight, weight != 0 {
            guard (10...1000).contains(weight) else { throw OCIBundle.invalid("linux.resources.blockIO.weight", "\(weight)", "10 to 1000") }
            // 10 to 1000 there, 1 to 10000 here.
            add("io.weight", String(1 + (Int(weight) - 10) * 9999 / 990), "blockIO.weight")
        }
        for (list, key) in [
            (io.throttleReadBpsDevice, "rbps"), (io.throttleWriteBpsDevice, "wbps"), (io.throttleReadIOPSDevice, "riops"),
            (io.throttleWriteIOPSDevice, "wiops"),
        ] {
            for limit in list ?? [] { add("io.max", "\(limit.major):\(limit.minor) \(key)=\(limit.rate)", "blockIO") }
        }
    }

    /// Writes them all. Blocking.
    /// - Parameter tolerant: what this host has no controller for is left out and returned; without it that is an error.
    func apply(to cgroup: Cgroup, tolerant: Bool) throws(RuntimeFailure) -> [String] {
        var notEnforced: [String] = []
        for setting in settings {
            let path = cgroup.path + "/" + setting.file
            do throws(SystemError) {
                try SmallFile.write(setting.value, to: path)
            } catch {
                let isMissing = (try? FileStatus.ifPresent(path)).flatMap { $0 } == nil
                guard isMissing else {
                    throw RuntimeFailure(
                        .create, "config.json: \(setting.field): \"\(setting.value)\" cannot be written to \(setting.file): \(error)")
                }
                guard tolerant else {
                    throw RuntimeFailure(
                        .create,
                        "config.json: \(setting.field) cannot be enforced, this host's cgroup v2 has no \(setting.file): boot with cgroup v2 only, "
                            + "or go on without such limits by --ignore-missing-controllers")
                }
                notEnforced.append(setting.field)
            }
        }
        return notEnforced
    }
}
