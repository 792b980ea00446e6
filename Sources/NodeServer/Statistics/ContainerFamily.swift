import Exposition
import KubeModel
import PodCore

/// A family of `/metrics/cadvisor` with one figure for each cgroup that has it.
struct ContainerFamily: Sendable {
    let name: String
    let help: String
    let kind: MetricKind
    let value: @Sendable (ContainerRows.Row) -> Double?

    func write(_ rows: [ContainerRows.Row], to writer: inout ExpositionWriter) {
        var hasHead = false
        for row in rows {
            guard let value = value(row) else { continue }
            if !hasHead { writer.family(name, help: help, kind: kind) }
            hasHead = true
            // One row for all processors, and none for each.
            let labels = name == Self.usage ? row.labels.adding(MetricLabel("cpu", "total")) : row.labels
            // A start is no measurement of a moment.
            writer.sample(name, labels, value: value, milliseconds: name == Self.start ? nil : row.cgroup.stats.measuredAt.milliseconds)
        }
    }

    private static let usage = "container_cpu_usage_seconds_total"
    private static let start = "container_start_time_seconds"

    private typealias Figure = @Sendable (ResourceStats) -> UInt64?

    private static func count(_ figure: @escaping Figure) -> @Sendable (ContainerRows.Row) -> Double? {
        { figure($0.cgroup.stats).map { Double($0) } }
    }

    /// - Parameter microseconds: the figure in the kernel's unit.
    private static func seconds(_ microseconds: @escaping Figure) -> @Sendable (ContainerRows.Row) -> Double? {
        { microseconds($0.cgroup.stats).map { Double($0) / 1e6 } }
    }

    static let all: [ContainerFamily] = [
        ContainerFamily(
            name: "container_cpu_cfs_burst_periods_total", help: "Number of periods when burst occurs.", kind: .counter,
            value: count { $0.cpu.bursts }),
        ContainerFamily(
            name: "container_cpu_cfs_burst_seconds_total", help: "Total time duration the container has been bursted.", kind: .counter,
            value: seconds { $0.cpu.burstTime }),
        ContainerFamily(
            name: "container_cpu_cfs_periods_total", help: "Number of elapsed enforcement period intervals.", kind: .counter,
            value: count { $0.cpu.periods }),
        ContainerFamily(
            name: "container_cpu_cfs_throttled_periods_total", help: "Number of throttled period intervals.", kind: .counter,
            value: count { $0.cpu.throttledPeriods }),
        ContainerFamily(
            name: "container_cpu_cfs_throttled_seconds_total", help: "Total time duration the container has been throttled.", kind: .counter,
            value: seconds { $0.cpu.throttledTime }),
        ContainerFamily(
            name: "container_cpu_system_seconds_total", help: "Cumulative system cpu time consumed in seconds.", kind: .counter,
            value: seconds { $0.cpu.system }),
        ContainerFamily(
            name: "container_cpu_usage_seconds_total", help: "Cumulative cpu time consumed in seconds.", kind: .counter,
            value: seconds { $0.cpu.usage }),
        ContainerFamily(
            name: "container_cpu_user_seconds_total", help: "Cumulative user cpu time consumed in seconds.", kind: .counter,
            value: seconds { $0.cpu.user }),
        ContainerFamily(name: "container_last_seen", help: "Last time a container was seen by the exporter", kind: .gauge) {
            Double($0.cgroup.stats.measuredAt.seconds)
        },
        ContainerFamily(
            name: "container_memory_cache", help: "Number of bytes of page cache memory.", kind: .gauge, value: count { $0.memory.cache }),
        ContainerFamily(
            name: "container_memory_failcnt", help: "Number of memory usage hits limits", kind: .counter, value: count { $0.memory.limitHits }),
        ContainerFamily(
            name: "container_memory_kernel_usage", help: "Size of kernel memory allocated in bytes.", kind: .gauge, value: count { $0.memory.kernel }),
        ContainerFamily(
            name: "container_memory_mapped_file", help: "Size of memory mapped files in bytes.", kind: .gauge, value: count { $0.memory.mappedFile }),
        ContainerFamily(
            name: "container_memory_max_usage_bytes", help: "Maximum memory usage recorded in bytes", kind: .gauge, value: count { $0.memory.peak }),
        ContainerFamily(name: "container_memory_rss", help: "Size of RSS in bytes.", kind: .gauge, value: count { $0.memory.rss }),
        ContainerFamily(name: "container_memory_swap", help: "Container swap usage in bytes.", kind: .gauge, value: count { $0.memory.swap }),
        ContainerFamily(
            name: "container_memory_total_active_file_bytes", help: "Current total active file in bytes.", kind: .gauge,
            value: count { $0.memory.activeFile }),
        ContainerFamily(
            name: "container_memory_total_inactive_file_bytes", help: "Current total inactive file in bytes.", kind: .gauge,
            value: count { $0.memory.inactiveFile }),
        ContainerFamily(
            name: "container_memory_usage_bytes", help: "Current memory usage in bytes, including all memory regardless of when it was accessed",
            kind: .gauge
        ) { $0.cgroup.memoryUsage.map { Double($0) } },
        ContainerFamily(name: "container_memory_working_set_bytes", help: "Current working set in bytes.", kind: .gauge) {
            $0.cgroup.workingSet.map { Double($0) }
        },
        ContainerFamily(
            name: "container_oom_events_total", help: "Count of out of memory events observed for the container", kind: .counter,
            value: count { $0.memory.oomKills }),
        ContainerFamily(
            name: "container_pressure_cpu_stalled_seconds_total",
            help: "Total time duration no tasks in the container could make progress due to CPU congestion.", kind: .counter,
            value: seconds { $0.cpu.pressure?.full?.total }),
        ContainerFamily(
            name: "container_pressure_cpu_waiting_seconds_total",
            help: "Total time duration tasks in the container have waited due to CPU congestion.", kind: .counter,
            value: seconds { $0.cpu.pressure?.some?.total }),
        ContainerFamily(
            name: "container_pressure_io_stalled_seconds_total",
            help: "Total time duration no tasks in the container could make progress due to IO congestion.", kind: .counter,
            value: seconds { $0.ioPressure?.full?.total }),
        ContainerFamily(
            name: "container_pressure_io_waiting_seconds_total", help: "Total time duration tasks in the container have waited due to IO congestion.",
            kind: .counter, value: seconds { $0.ioPressure?.some?.total }),
        ContainerFamily(
            name: "container_pressure_memory_stalled_seconds_total",
            help: "Total time duration no tasks in the container could make progress due to memory congestion.", kind: .counter,
            value: seconds { $0.memory.pressure?.full?.total }),
        ContainerFamily(
            name: "container_pressure_memory_waiting_seconds_total",
            help: "Total time duration tasks in the container have waited due to memory congestion.", kind: .counter,
            value: seconds { $0.memory.pressure?.some?.total }),
        ContainerFamily(name: "container_processes", help: "Number of processes running inside the container.", kind: .gauge) {
            $0.processes.map { Double($0) }
        },
        ContainerFamily(name: "container_start_time_seconds", help: "Start time of the container since unix epoch in seconds.", kind: .gauge) {
            $0.cgroup.startedAt.seconds > 0 ? $0.cgroup.startedAt.secondsSinceEpoch : nil
        },
        ContainerFamily(name: "container_threads", help: "Number of threads running inside the container", kind: .gauge, value: count { $0.tasks }),
        ContainerFamily(
            name: "container_threads_max", help: "Maximum number of threads allowed inside the container, infinity if value is zero", kind: .gauge
        ) { row in row.cgroup.stats.tasks.map { _ in Double(row.cgroup.stats.taskLimit ?? 0) } },
    ]
}
