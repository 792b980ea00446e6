import Glibc
import LinuxSystem

extension Cgroup {
    /// Writes all limits. May be repeated with others.
    /// - Returns: the control files that would have to limit something and are missing, sorted; empty when everything holds. They are
    ///   errors when the tree requires controllers.
    package func apply(_ limits: CgroupLimits) throws(CgroupError) -> [String] {
        try write(settings(limits))
    }

    /// Writes `cpu.weight` alone, of a request in millicores.
    /// - Returns: as `apply`.
    @discardableResult
    package func applyCPURequest(_ milliCPU: Int64) throws(CgroupError) -> [String] {
        try write(CPUController.files(CgroupLimits(cpuRequest: milliCPU)).filter { $0.file == "cpu.weight" })
    }

    /// Writes `memory.swap.max` alone, in bytes: 0 forbids swap. A missing file is a success with 0, since such a kernel has no swap.
    /// - Returns: as `apply`.
    @discardableResult
    package func applySwapLimit(_ bytes: Int64) throws(CgroupError) -> [String] {
        try write(MemoryController.files(CgroupLimits(swapLimit: bytes)).filter { $0.file == "memory.swap.max" })
    }

    /// Changes the limits of a cgroup in use. Nothing is written when the memory limit is below the memory in use: the kernel would reclaim,
    /// and then kill. Memory taken between this check and the write is reclaimed, or killed for, all the same.
    /// - Returns: as `apply`.
    /// - Throws: `.belowUsage` with both figures.
    package func update(_ limits: CgroupLimits) throws(CgroupError) -> [String] {
        if let wanted = limits.memoryLimit, wanted > 0 {
            var files = ControlFiles(self)
            if let used = try files.number("memory.current"), used > UInt64(wanted) {
                throw CgroupError(
                    code: .belowUsage, operation: "limit", path: path,
                    detail: "found \(used) bytes of memory in use, wanted a limit of \(wanted); lower the use first, or restart with the new limit")
            }
        }
        return try apply(limits)
    }

    /// The limits as the kernel has them.
    ///
    /// Weights, quotas and pages are coarser than Kubernetes' units: where the kernel's value is the one that `wanted` becomes, `wanted`'s figure is
    /// returned, else the figure for the kernel's value. `killsTogether`, and the limits in `missing`, are `wanted`'s own.
    /// - Returns: the limits, and the missing files of `wanted`'s limits, sorted.
    package func limits(wanted: CgroupLimits) throws(CgroupError) -> (limits: CgroupLimits, missing: [String]) {
        var files = ControlFiles(self)
        var found = wanted
        var missing: [String] = []
        for setting in settings(wanted) {
            guard let text = try files.line(setting.file) else {
                if setting.limits { missing.append(setting.file) }
                continue
            }
            if text != setting.value { found.take(text, from: setting.file) }
        }
        if missing.count > 0, !exists {
            throw CgroupError(
                code: .kernel, operation: "read the limits of", path: path, cause: SystemError(call: "open", path: path, errno: ENOENT))
        }
        return (found, missing.sorted())
    }

    private func settings(_ limits: CgroupLimits) -> [CgroupSetting] {
        CPUController.files(limits) + MemoryController.files(limits) + PIDsController.files(limits)
            + HugeTLBController.files(limits, sizes: tree.hugepageSizes)
    }

    private func write(_ settings: [CgroupSetting]) throws(CgroupError) -> [String] {
        var notEnforced: [String] = []
        for setting in settings {
            do throws(SystemError) {
                try SmallFile.write(setting.value, to: path + "/" + setting.file)
            } catch {
                guard error.is(ENOENT) || error.is(EACCES) && !hasFile(setting.file) else {
                    throw CgroupError(code: .kernel, operation: "limit", path: path, detail: "\(setting.file) = \(setting.value)", cause: error)
                }
                guard setting.limits else { continue }
                // The directory itself being away is another matter than a controller being away.
                guard exists else { throw CgroupError(code: .kernel, operation: "limit", path: path, cause: error) }
                if tree.requireControllers {
                    throw CgroupError(
                        code: .missingControllers, operation: "limit", path: path,
                        detail: "\(setting.file) = \(setting.value) is wanted, but the controller is not available here", cause: error)
                }
                notEnforced.append(setting.file)
            }
        }
        return notEnforced.sorted()
    }

    private func hasFile(_ file: String) -> Bool { (try? FileStatus.ifPresent(path + "/" + file)).flatMap { $0 } != nil }
}

extension CgroupLimits {
    /// Takes over a file's value that is not what these limits become.
    fileprivate mutating func take(_ text: String, from file: String) {
        let value = Int64(text)
        switch file {
        case "cpu.weight": cpuRequest = value.map { CPUController.request(weight: $0) }
        case "cpu.max":
            let parts = text.split(separator: " ")
            let period = parts.count == 2 ? Int64(parts[1]) ?? cpuPeriod : cpuPeriod
            let quota = parts.first.flatMap { Int64($0) }
            // An equal quota of another period is another limit, and "max" with another period is not a limit.
            cpuLimit = quota.map { period > 0 ? Int64((Double($0) * 1000 / Double(period)).rounded()) : $0 }
            cpuPeriod = period
        case "memory.max": if !isSamePages(value, memoryLimit) { memoryLimit = value }
        case "memory.swap.max": if !isSamePages(value, swapLimit) { swapLimit = value }
        case "pids.max": pidsLimit = value
        case let file where file.hasPrefix("hugetlb.") && !file.hasSuffix(".rsvd.max"):
            let size = String(file.dropFirst("hugetlb.".utf8.count).dropLast(".max".utf8.count))
            // Absent: as much as the machine has.
            hugepageLimits?[size] = value ?? .max
        default: break
        }
    }

    /// The kernel counts in whole pages and drops the rest.
    private func isSamePages(_ found: Int64?, _ wanted: Int64?) -> Bool {
        guard let found, let wanted else { return found == wanted }
        let page = Int64(sysconf(Int32(_SC_PAGESIZE)))
        return found == wanted / page * page
    }
}
