import Exposition
import PodCore

/// A family of `/metrics/cadvisor` with what pods and containers asked for, in the units of cgroup v1.
struct SpecificationFamily: Sendable {
    let name: String
    let help: String
    let value: @Sendable (CgroupResources) -> Int64?

    func write(_ rows: [ContainerRows.Specified], to writer: inout ExpositionWriter) {
        var hasHead = false
        for row in rows {
            guard let value = value(row.resources) else { continue }
            if !hasHead { writer.family(name, help: help, kind: .gauge) }
            hasHead = true
            writer.sample(name, row.labels, value: Double(value))
        }
    }

    /// A pod may ask for more than can be computed with: its limit is then none.
    private static func thousandths(_ amount: Int64, _ factor: Int64) -> Int64 {
        let (product, isTooLarge) = amount.multipliedReportingOverflow(by: factor)
        return isTooLarge ? .max : product / 1000
    }

    /// Microseconds.
    private static let period: Int64 = 100_000

    static let all: [SpecificationFamily] = [
        SpecificationFamily(name: "container_spec_cpu_period", help: "CPU period of the container.") { $0.cpuPeriod ?? period },
        SpecificationFamily(name: "container_spec_cpu_quota", help: "CPU quota of the container.") { resources in
            resources.cpuLimit.map { thousandths($0, resources.cpuPeriod ?? period) }
        },
        // The kernel's least share is 2.
        SpecificationFamily(name: "container_spec_cpu_shares", help: "CPU share of the container.") { max(2, thousandths($0.cpuRequest ?? 0, 1024)) },
        SpecificationFamily(name: "container_spec_memory_limit_bytes", help: "Memory limit for the container.") { $0.memoryLimit ?? 0 },
        SpecificationFamily(
            name: "container_spec_memory_reservation_limit_bytes", help: "Memory reservation limit for the container."
        ) { _ in 0 },
        SpecificationFamily(name: "container_spec_memory_swap_limit_bytes", help: "Memory swap limit for the container.") { $0.swapLimit ?? 0 },
    ]
}
