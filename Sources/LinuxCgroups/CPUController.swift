import Glibc

/// `cpu.weight` and `cpu.max`.
package enum CPUController {
    /// CPU shares of a request, as Kubernetes counts them: 1024 per core, 2 to 262144.
    package static func shares(milliCPU: Int64) -> Int64 {
        guard milliCPU > 0 else { return 2 }
        let (product, overflow) = milliCPU.multipliedReportingOverflow(by: 1024)
        return overflow ? 262_144 : min(262_144, max(2, product / 1000))
    }

    /// `cpu.weight` of so many shares, 1 to 10000: the curve through (2, 1), (1024, 100) and (262144, 10000).
    package static func weight(shares: Int64) -> Int64 {
        guard shares > 2 else { return 1 }
        guard shares < 262_144 else { return 10_000 }
        let l = log2(Double(shares))
        let exponent = (l * l + 125 * l) / 612 - 7.0 / 34.0
        return min(10_000, max(1, Int64(ceil(pow(10, exponent)))))
    }

    package static func weight(milliCPU: Int64) -> Int64 { weight(shares: shares(milliCPU: milliCPU)) }

    /// The least request, in millicores, that gets this weight. Several share one.
    package static func request(weight: Int64) -> Int64 {
        guard weight > 1 else { return 0 }
        var low: Int64 = 0
        var high: Int64 = 256_000
        while low < high {
            let middle = (low + high) / 2
            if self.weight(milliCPU: middle) >= weight { high = middle } else { low = middle + 1 }
        }
        return low
    }

    /// Microseconds of a period that a limit allows; at least 1 ms, which is the least that the kernel takes.
    package static func quota(milliCPU: Int64, period: Int64) -> Int64 {
        let (product, overflow) = milliCPU.multipliedReportingOverflow(by: period)
        return overflow ? .max : max(1000, product / 1000)
    }

    static func files(_ limits: CgroupLimits) -> [CgroupSetting] {
        let limit = limits.cpuLimit.flatMap { $0 > 0 ? quota(milliCPU: $0, period: limits.cpuPeriod) : nil }
        return [
            CgroupSetting(file: "cpu.weight", value: String(weight(milliCPU: limits.cpuRequest ?? 0)), limits: limits.cpuRequest != nil),
            // Both in one write, so that a new quota never meets an old period.
            CgroupSetting(file: "cpu.max", value: "\(limit.map { String($0) } ?? "max") \(limits.cpuPeriod)", limits: limit != nil),
        ]
    }
}
