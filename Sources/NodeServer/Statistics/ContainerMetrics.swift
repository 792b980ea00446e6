import Exposition
import KubeModel
import PodCore

/// The text of `/metrics/cadvisor`, by the names of cAdvisor: the machine, the levels of pods, the pods and their containers.
///
/// A pod's network has one set of rows, those of its sandbox. A pod on the node's network has none.
enum ContainerMetrics {
    static func text(_ node: NodeMeasurement) -> ExpositionWriter {
        var writer = ExpositionWriter()
        let rows = ContainerRows(node)
        version(node.facts, &writer)
        for family in ContainerFamily.all { family.write(rows.all, to: &writer) }
        memoryFailures(rows.all, &writer)
        for family in DeviceFamily.all { family.write(rows.all, names: node.deviceNames, to: &writer) }
        FileSystemMetrics.write(node, labels: rows.root, to: &writer)
        for family in NetworkFamily.all { family.write(rows.networks, to: &writer) }
        for family in SpecificationFamily.all { family.write(rows.specified, to: &writer) }
        writer.family("container_scrape_error", help: "1 if there was an error while getting container metrics, 0 otherwise", kind: .gauge)
        writer.sample("container_scrape_error", value: node.problems.isEmpty ? 0 : 1)
        MachineMetrics.write(node.facts, to: &writer)
        return writer
    }

    private static func version(_ facts: MachineFacts, _ writer: inout ExpositionWriter) {
        writer.family(
            "cadvisor_version_info",
            help:
                "A metric with a constant '1' value labeled by kernel version, OS version, docker version, cadvisor version & cadvisor revision.",
            kind: .gauge)
        let labels = [
            MetricLabel("cadvisorRevision", ""), MetricLabel("cadvisorVersion", ""), MetricLabel("dockerVersion", ""),
            MetricLabel("kernelVersion", facts.kernelVersion), MetricLabel("osVersion", facts.operatingSystem),
        ]
        writer.sample("cadvisor_version_info", labels, value: 1)
    }

    private static func memoryFailures(_ rows: [ContainerRows.Row], _ writer: inout ExpositionWriter) {
        let name = "container_memory_failures_total"
        let found = rows.filter { $0.cgroup.stats.memory.pageFaults != nil }
        guard !found.isEmpty else { return }
        writer.family(name, help: "Cumulative count of memory allocation failures.", kind: .counter)
        for row in found {
            let memory = row.cgroup.stats.memory
            for (type, count) in [("pgfault", memory.pageFaults), ("pgmajfault", memory.majorPageFaults)] {
                guard let count else { continue }
                // The kernel counts a cgroup with everything below it.
                for scope in ["container", "hierarchy"] {
                    writer.sample(
                        name, row.labels.adding(MetricLabel("failure_type", type), MetricLabel("scope", scope)), value: Double(count),
                        milliseconds: row.cgroup.stats.measuredAt.milliseconds)
                }
            }
        }
    }
}
