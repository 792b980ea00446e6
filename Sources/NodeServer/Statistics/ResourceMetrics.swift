import Exposition
import KubeModel
import PodCore

/// The text of `/metrics/resource`, by the names of kubelet: what metrics-server and autoscalers read.
enum ResourceMetrics {
    static func text(_ node: NodeMeasurement) -> ExpositionWriter {
        var writer = ExpositionWriter()
        let rows = Rows(node)
        for family in families {
            let found = rows.of(family.subject).filter { family.value($0.cgroup) != nil }
            guard !found.isEmpty else { continue }
            writer.family(family.name, help: family.help, kind: family.kind)
            for row in found {
                guard let value = family.value(row.cgroup) else { continue }
                writer.sample(family.name, row.labels, value: value, milliseconds: family.hasTime ? row.cgroup.stats.measuredAt.milliseconds : nil)
            }
        }
        result(of: node.problems.isEmpty, to: &writer)
        return writer
    }

    /// The text when nothing could be measured.
    static var failure: ExpositionWriter {
        var writer = ExpositionWriter()
        result(of: false, to: &writer)
        return writer
    }

    private static func result(of success: Bool, to writer: inout ExpositionWriter) {
        writer.family("resource_scrape_error", help: "[STABLE] 1 if there was an error while getting container metrics, 0 otherwise", kind: .gauge)
        writer.sample("resource_scrape_error", value: success ? 0 : 1)
    }

    // MARK: Rows

    private enum Subject {
        case container, node, pod
    }

    private struct Row {
        let labels: MetricLabels
        let cgroup: CgroupMeasurement
    }

    private struct Rows {
        var containers: [Row] = []
        var pods: [Row] = []
        let node: Row

        init(_ measurement: NodeMeasurement) {
            node = Row(labels: MetricLabels([]), cgroup: measurement.machine)
            // A pod that comes back under its name while the one before it still ends: a series has one value, the later pod's.
            var latest: [ObjectKey: String] = [:]
            for pod in measurement.pods.sorted(by: { $0.cgroup.startedAt < $1.cgroup.startedAt }) {
                latest[ObjectKey(namespace: pod.identity.namespace, name: pod.identity.name)] = pod.identity.uid
            }
            for pod in measurement.pods
            where latest[ObjectKey(namespace: pod.identity.namespace, name: pod.identity.name)] == pod.identity.uid {
                let (namespace, name) = (MetricLabel("namespace", pod.identity.namespace), MetricLabel("pod", pod.identity.name))
                pods.append(Row(labels: MetricLabels([namespace, name]), cgroup: pod.cgroup))
                for container in pod.containers {
                    containers.append(
                        Row(labels: MetricLabels([MetricLabel("container", container.name), namespace, name]), cgroup: container.cgroup))
                }
            }
        }

        func of(_ subject: Subject) -> [Row] {
            switch subject {
            case .container: containers
            case .node: [node]
            case .pod: pods
            }
        }
    }

    // MARK: Families

    private struct Family: Sendable {
        let subject: Subject
        let name: String
        let help: String
        let kind: MetricKind
        var hasTime = true
        let value: @Sendable (CgroupMeasurement) -> Double?
    }

    private static let families: [Family] = [
        Family(
            subject: .container, name: "container_cpu_usage_seconds_total",
            help: "[STABLE] Cumulative cpu time consumed by the container in core-seconds", kind: .counter, value: cpu),
        Family(
            subject: .container, name: "container_memory_working_set_bytes", help: "[STABLE] Current working set of the container in bytes",
            kind: .gauge, value: workingSet),
        Family(
            subject: .container, name: "container_start_time_seconds",
            help: "[STABLE] Start time of the container since unix epoch in seconds", kind: .gauge, hasTime: false
        ) { $0.startedAt.seconds > 0 ? $0.startedAt.secondsSinceEpoch : nil },
        Family(
            subject: .container, name: "container_swap_limit_bytes",
            help: "[ALPHA] Current amount of the container swap limit in bytes. Reported only on non-windows systems", kind: .gauge
        ) { $0.stats.memory.swapLimit.map { Double($0) } },
        Family(
            subject: .container, name: "container_swap_usage_bytes",
            help: "[ALPHA] Current amount of the container swap usage in bytes. Reported only on non-windows systems", kind: .gauge, value: swap),
        Family(
            subject: .node, name: "node_cpu_usage_seconds_total", help: "[STABLE] Cumulative cpu time consumed by the node in core-seconds",
            kind: .counter, value: cpu),
        Family(
            subject: .node, name: "node_memory_working_set_bytes", help: "[STABLE] Current working set of the node in bytes", kind: .gauge,
            value: workingSet),
        Family(
            subject: .node, name: "node_swap_usage_bytes",
            help: "[ALPHA] Current swap usage of the node in bytes. Reported only on non-windows systems", kind: .gauge, value: swap),
        Family(
            subject: .pod, name: "pod_cpu_usage_seconds_total", help: "[STABLE] Cumulative cpu time consumed by the pod in core-seconds",
            kind: .counter, value: cpu),
        Family(
            subject: .pod, name: "pod_memory_working_set_bytes", help: "[STABLE] Current working set of the pod in bytes", kind: .gauge,
            value: workingSet),
        Family(
            subject: .pod, name: "pod_swap_usage_bytes",
            help: "[ALPHA] Current amount of the pod swap usage in bytes. Reported only on non-windows systems", kind: .gauge, value: swap),
    ]

    private static let cpu: @Sendable (CgroupMeasurement) -> Double? = { $0.stats.cpu.usage.map { Double($0) / 1e6 } }
    private static let workingSet: @Sendable (CgroupMeasurement) -> Double? = { $0.workingSet.map { Double($0) } }
    private static let swap: @Sendable (CgroupMeasurement) -> Double? = { $0.stats.memory.swap.map { Double($0) } }
}
