/// The families of kubelet's endpoints as a node with Kubernetes 1.36.2 gave them: names, types, labels and help texts that clients rely on.
struct WantedFamily: Sendable, CustomStringConvertible {
    let name: String
    let kind: String
    let labels: Set<String>
    let hasTime: Bool
    let help: String
    /// Why this node does not have the family; `nil` if it does.
    let missing: String?

    init(_ name: String, _ kind: String, _ labels: Set<String> = [], time: Bool = false, _ help: String, missing: String? = nil) {
        self.name = name
        self.kind = kind
        self.labels = labels
        hasTime = time
        self.help = help
        self.missing = missing
    }

    var description: String { name }

    /// Of a container, and of a pod.
    static let container: Set<String> = ["namespace", "pod", "container"]
    static let pod: Set<String> = ["namespace", "pod"]
    /// Of everything in `/metrics/cadvisor`.
    static let cgroup: Set<String> = ["container", "id", "image", "name", "namespace", "pod"]
    static let machine: Set<String> = ["boot_id", "machine_id", "system_uuid"]

    private static func cgroupAnd(_ more: String...) -> Set<String> { cgroup.union(more) }

    /// `/metrics/resource`.
    static let resource: [WantedFamily] = [
        WantedFamily(
            "container_cpu_usage_seconds_total", "counter", container, time: true,
            "[STABLE] Cumulative cpu time consumed by the container in core-seconds"),
        WantedFamily("container_memory_working_set_bytes", "gauge", container, time: true, "[STABLE] Current working set of the container in bytes"),
        WantedFamily("container_start_time_seconds", "gauge", container, "[STABLE] Start time of the container since unix epoch in seconds"),
        WantedFamily(
            "container_swap_limit_bytes", "gauge", container, time: true,
            "[ALPHA] Current amount of the container swap limit in bytes. Reported only on non-windows systems"),
        WantedFamily(
            "container_swap_usage_bytes", "gauge", container, time: true,
            "[ALPHA] Current amount of the container swap usage in bytes. Reported only on non-windows systems"),
        WantedFamily("node_cpu_usage_seconds_total", "counter", time: true, "[STABLE] Cumulative cpu time consumed by the node in core-seconds"),
        WantedFamily("node_memory_working_set_bytes", "gauge", time: true, "[STABLE] Current working set of the node in bytes"),
        WantedFamily(
            "node_swap_usage_bytes", "gauge", time: true, "[ALPHA] Current swap usage of the node in bytes. Reported only on non-windows systems"),
        WantedFamily("pod_cpu_usage_seconds_total", "counter", pod, time: true, "[STABLE] Cumulative cpu time consumed by the pod in core-seconds"),
        WantedFamily("pod_memory_working_set_bytes", "gauge", pod, time: true, "[STABLE] Current working set of the pod in bytes"),
        WantedFamily(
            "pod_swap_usage_bytes", "gauge", pod, time: true,
            "[ALPHA] Current amount of the pod swap usage in bytes. Reported only on non-windows systems"),
        WantedFamily("resource_scrape_error", "gauge", [], "[STABLE] 1 if there was an error while getting container metrics, 0 otherwise"),
    ]

    /// `/metrics/cadvisor`.
    static let containers: [WantedFamily] = [
        WantedFamily(
            "cadvisor_version_info", "gauge", ["cadvisorRevision", "cadvisorVersion", "dockerVersion", "kernelVersion", "osVersion"],
            "A metric with a constant '1' value labeled by kernel version, OS version, docker version, cadvisor version & cadvisor revision."),
        WantedFamily("container_cpu_cfs_burst_periods_total", "counter", cgroup, time: true, "Number of periods when burst occurs."),
        WantedFamily("container_cpu_cfs_burst_seconds_total", "counter", cgroup, time: true, "Total time duration the container has been bursted."),
        WantedFamily("container_cpu_cfs_periods_total", "counter", cgroup, time: true, "Number of elapsed enforcement period intervals."),
        WantedFamily("container_cpu_cfs_throttled_periods_total", "counter", cgroup, time: true, "Number of throttled period intervals."),
        WantedFamily(
            "container_cpu_cfs_throttled_seconds_total", "counter", cgroup, time: true, "Total time duration the container has been throttled."),
        WantedFamily(
            "container_cpu_load_average_10s", "gauge", cgroup, time: true, "Value of container cpu load average over the last 10 seconds.",
            missing: "needs a task of its own that samples every cgroup; PSI says more"),
        WantedFamily(
            "container_cpu_load_d_average_10s", "gauge", cgroup, time: true, "Value of container cpu load.d average over the last 10 seconds.",
            missing: "likewise"),
        WantedFamily("container_cpu_system_seconds_total", "counter", cgroup, time: true, "Cumulative system cpu time consumed in seconds."),
        WantedFamily("container_cpu_usage_seconds_total", "counter", cgroupAnd("cpu"), time: true, "Cumulative cpu time consumed in seconds."),
        WantedFamily("container_cpu_user_seconds_total", "counter", cgroup, time: true, "Cumulative user cpu time consumed in seconds."),
        WantedFamily(
            "container_file_descriptors", "gauge", cgroup, time: true, "Number of open file descriptors for the container.",
            missing: "means a look at the descriptors of every process at each scrape"),
        WantedFamily("container_fs_inodes_free", "gauge", cgroupAnd("device"), time: true, "Number of available Inodes"),
        WantedFamily("container_fs_inodes_total", "gauge", cgroupAnd("device"), time: true, "Number of Inodes"),
        WantedFamily(
            "container_fs_io_current", "gauge", cgroupAnd("device"), time: true, "Number of I/Os currently in progress",
            missing: "of the disks of the machine, which node_exporter reports"),
        WantedFamily(
            "container_fs_io_time_seconds_total", "counter", cgroupAnd("device"), time: true, "Cumulative count of seconds spent doing I/Os",
            missing: "likewise"),
        WantedFamily(
            "container_fs_io_time_weighted_seconds_total", "counter", cgroupAnd("device"), time: true, "Cumulative weighted I/O time in seconds",
            missing: "likewise"),
        WantedFamily(
            "container_fs_limit_bytes", "gauge", cgroupAnd("device"), time: true,
            "Number of bytes that can be consumed by the container on this filesystem."),
        WantedFamily(
            "container_fs_read_seconds_total", "counter", cgroupAnd("device"), time: true, "Cumulative count of seconds spent reading",
            missing: "likewise"),
        WantedFamily(
            "container_fs_reads_merged_total", "counter", cgroupAnd("device"), time: true, "Cumulative count of reads merged", missing: "likewise"),
        WantedFamily("container_fs_reads_total", "counter", cgroupAnd("device"), time: true, "Cumulative count of reads completed"),
        WantedFamily(
            "container_fs_sector_reads_total", "counter", cgroupAnd("device"), time: true, "Cumulative count of sector reads completed",
            missing: "likewise"),
        WantedFamily(
            "container_fs_sector_writes_total", "counter", cgroupAnd("device"), time: true, "Cumulative count of sector writes completed",
            missing: "likewise"),
        WantedFamily(
            "container_fs_usage_bytes", "gauge", cgroupAnd("device"), time: true,
            "Number of bytes that are consumed by the container on this filesystem."),
        WantedFamily(
            "container_fs_write_seconds_total", "counter", cgroupAnd("device"), time: true, "Cumulative count of seconds spent writing",
            missing: "likewise"),
        WantedFamily(
            "container_fs_writes_merged_total", "counter", cgroupAnd("device"), time: true, "Cumulative count of writes merged", missing: "likewise"),
        WantedFamily("container_fs_writes_total", "counter", cgroupAnd("device"), time: true, "Cumulative count of writes completed"),
        WantedFamily(
            "container_health_state", "gauge", cgroup, time: true, "The result of the container's health check",
            missing: "always -1 with Kubernetes: probes are not health checks of the runtime"),
        WantedFamily("container_last_seen", "gauge", cgroup, time: true, "Last time a container was seen by the exporter"),
        WantedFamily("container_memory_cache", "gauge", cgroup, time: true, "Number of bytes of page cache memory."),
        WantedFamily("container_memory_failcnt", "counter", cgroup, time: true, "Number of memory usage hits limits"),
        WantedFamily(
            "container_memory_failures_total", "counter", cgroupAnd("failure_type", "scope"), time: true,
            "Cumulative count of memory allocation failures."),
        WantedFamily("container_memory_kernel_usage", "gauge", cgroup, time: true, "Size of kernel memory allocated in bytes."),
        WantedFamily("container_memory_mapped_file", "gauge", cgroup, time: true, "Size of memory mapped files in bytes."),
        WantedFamily("container_memory_max_usage_bytes", "gauge", cgroup, time: true, "Maximum memory usage recorded in bytes"),
        WantedFamily("container_memory_rss", "gauge", cgroup, time: true, "Size of RSS in bytes."),
        WantedFamily("container_memory_swap", "gauge", cgroup, time: true, "Container swap usage in bytes."),
        WantedFamily("container_memory_total_active_file_bytes", "gauge", cgroup, time: true, "Current total active file in bytes."),
        WantedFamily("container_memory_total_inactive_file_bytes", "gauge", cgroup, time: true, "Current total inactive file in bytes."),
        WantedFamily(
            "container_memory_usage_bytes", "gauge", cgroup, time: true,
            "Current memory usage in bytes, including all memory regardless of when it was accessed"),
        WantedFamily("container_memory_working_set_bytes", "gauge", cgroup, time: true, "Current working set in bytes."),
        WantedFamily("container_network_receive_bytes_total", "counter", cgroupAnd("interface"), time: true, "Cumulative count of bytes received"),
        WantedFamily(
            "container_network_receive_errors_total", "counter", cgroupAnd("interface"), time: true,
            "Cumulative count of errors encountered while receiving"),
        WantedFamily(
            "container_network_receive_packets_dropped_total", "counter", cgroupAnd("interface"), time: true,
            "Cumulative count of packets dropped while receiving"),
        WantedFamily(
            "container_network_receive_packets_total", "counter", cgroupAnd("interface"), time: true, "Cumulative count of packets received"),
        WantedFamily(
            "container_network_transmit_bytes_total", "counter", cgroupAnd("interface"), time: true, "Cumulative count of bytes transmitted"),
        WantedFamily(
            "container_network_transmit_errors_total", "counter", cgroupAnd("interface"), time: true,
            "Cumulative count of errors encountered while transmitting"),
        WantedFamily(
            "container_network_transmit_packets_dropped_total", "counter", cgroupAnd("interface"), time: true,
            "Cumulative count of packets dropped while transmitting"),
        WantedFamily(
            "container_network_transmit_packets_total", "counter", cgroupAnd("interface"), time: true, "Cumulative count of packets transmitted"),
        WantedFamily("container_oom_events_total", "counter", cgroup, time: true, "Count of out of memory events observed for the container"),
        WantedFamily("container_processes", "gauge", cgroup, time: true, "Number of processes running inside the container."),
        WantedFamily("container_scrape_error", "gauge", [], "1 if there was an error while getting container metrics, 0 otherwise"),
        WantedFamily("container_sockets", "gauge", cgroup, time: true, "Number of open sockets for the container.", missing: "likewise"),
        WantedFamily("container_spec_cpu_period", "gauge", cgroup, "CPU period of the container."),
        WantedFamily("container_spec_cpu_quota", "gauge", cgroup, "CPU quota of the container."),
        WantedFamily("container_spec_cpu_shares", "gauge", cgroup, "CPU share of the container."),
        WantedFamily("container_spec_memory_limit_bytes", "gauge", cgroup, "Memory limit for the container."),
        WantedFamily("container_spec_memory_reservation_limit_bytes", "gauge", cgroup, "Memory reservation limit for the container."),
        WantedFamily("container_spec_memory_swap_limit_bytes", "gauge", cgroup, "Memory swap limit for the container."),
        WantedFamily("container_start_time_seconds", "gauge", cgroup, "Start time of the container since unix epoch in seconds."),
        WantedFamily(
            "container_tasks_state", "gauge", cgroupAnd("state"), time: true, "Number of tasks in given state",
            missing: "always 0: it needs the task statistics of cgroup v1"),
        WantedFamily("container_threads", "gauge", cgroup, time: true, "Number of threads running inside the container"),
        WantedFamily(
            "container_threads_max", "gauge", cgroup, time: true, "Maximum number of threads allowed inside the container, infinity if value is zero"),
        WantedFamily(
            "container_ulimits_soft", "gauge", cgroupAnd("ulimit"), time: true,
            "Soft ulimit values for the container root process. Unlimited if -1, except priority and nice",
            missing: "means a file of every process at each scrape"),
        WantedFamily("machine_cpu_books", "gauge", machine, "Number of CPU books.", missing: "only s390x has them"),
        WantedFamily("machine_cpu_cores", "gauge", machine, "Number of logical CPU cores."),
        WantedFamily("machine_cpu_drawers", "gauge", machine, "Number of CPU drawers.", missing: "only s390x has them"),
        WantedFamily("machine_cpu_physical_cores", "gauge", machine, "Number of physical CPU cores."),
        WantedFamily("machine_cpu_sockets", "gauge", machine, "Number of CPU sockets."),
        WantedFamily("machine_memory_bytes", "gauge", machine, "Amount of memory installed on the machine."),
        WantedFamily("machine_nvm_avg_power_budget_watts", "gauge", machine, "NVM power budget.", missing: "no support for such memory"),
        WantedFamily(
            "machine_nvm_capacity", "gauge", machine.union(["mode"]), "NVM capacity value labeled by NVM mode (memory mode or app direct mode).",
            missing: "no support for such memory"),
        WantedFamily("machine_scrape_error", "gauge", [], "1 if there was an error while getting machine metrics, 0 otherwise."),
        WantedFamily("machine_swap_bytes", "gauge", machine, "Amount of swap memory available on the machine."),
        WantedFamily(
            "container_pressure_cpu_stalled_seconds_total", "counter", cgroup, time: true,
            "Total time duration no tasks in the container could make progress due to CPU congestion."),
        WantedFamily(
            "container_pressure_cpu_waiting_seconds_total", "counter", cgroup, time: true,
            "Total time duration tasks in the container have waited due to CPU congestion."),
        WantedFamily(
            "container_pressure_io_stalled_seconds_total", "counter", cgroup, time: true,
            "Total time duration no tasks in the container could make progress due to IO congestion."),
        WantedFamily(
            "container_pressure_io_waiting_seconds_total", "counter", cgroup, time: true,
            "Total time duration tasks in the container have waited due to IO congestion."),
        WantedFamily(
            "container_pressure_memory_stalled_seconds_total", "counter", cgroup, time: true,
            "Total time duration no tasks in the container could make progress due to memory congestion."),
        WantedFamily(
            "container_pressure_memory_waiting_seconds_total", "counter", cgroup, time: true,
            "Total time duration tasks in the container have waited due to memory congestion."),
        WantedFamily("container_fs_reads_bytes_total", "counter", cgroupAnd("device"), time: true, "Cumulative count of bytes read"),
        WantedFamily("container_fs_writes_bytes_total", "counter", cgroupAnd("device"), time: true, "Cumulative count of bytes written"),
    ]
}
