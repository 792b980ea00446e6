import Exposition
import KubeModel
import PodCore

/// Whom each row of `/metrics/cadvisor` is about: every cgroup with its labels, made once for all families.
struct ContainerRows {
    struct Row {
        let labels: MetricLabels
        let cgroup: CgroupMeasurement
        /// Processes, with those in cgroups below.
        let processes: UInt64?
    }

    struct Network {
        let labels: MetricLabels
        let interfaces: [InterfaceCounters]
        let milliseconds: Int64
    }

    struct Specified {
        let labels: MetricLabels
        let resources: CgroupResources
    }

    /// Stands for the image of a sandbox: queries of images that are not empty then find the network of pods.
    private static let sandboxImage = "swiftlet-pause"

    let root: MetricLabels
    private(set) var all: [Row] = []
    private(set) var networks: [Network] = []
    private(set) var specified: [Specified] = []

    init(_ node: NodeMeasurement) {
        root = Self.labels(id: node.machine.path)
        all.append(Row(labels: root, cgroup: node.machine, processes: nil))
        networks.append(Network(labels: root, interfaces: node.interfaces, milliseconds: node.machine.stats.measuredAt.milliseconds))
        for level in node.levels { all.append(Row(labels: Self.labels(id: level.path), cgroup: level, processes: nil)) }
        for pod in node.pods { add(pod) }
    }

    private mutating func add(_ pod: PodMeasurement) {
        let labels = Self.labels(id: pod.cgroup.path, pod: pod.identity)
        all.append(Row(labels: labels, cgroup: pod.cgroup, processes: pod.processes))
        specified.append(Specified(labels: labels, resources: pod.resources))
        if !pod.interfaces.isEmpty {
            let sandbox = Self.labels(
                id: pod.cgroup.path + "/" + pod.sandboxID, image: Self.sandboxImage, name: pod.sandboxID, pod: pod.identity)
            networks.append(
                Network(labels: sandbox, interfaces: pod.interfaces, milliseconds: pod.cgroup.stats.measuredAt.milliseconds))
        }
        for container in pod.containers {
            let labels = Self.labels(
                id: container.cgroup.path, image: container.image, name: container.id, container: container.name, pod: pod.identity)
            all.append(Row(labels: labels, cgroup: container.cgroup, processes: container.cgroup.stats.processes))
            specified.append(Specified(labels: labels, resources: container.resources))
        }
    }

    /// Every row has every label, as all samples of a family must have the same.
    private static func labels(
        id: String, image: String = "", name: String = "", container: String = "", pod: PodIdentity? = nil
    ) -> MetricLabels {
        MetricLabels([
            MetricLabel("container", container), MetricLabel("id", id), MetricLabel("image", image), MetricLabel("name", name),
            MetricLabel("namespace", pod?.namespace ?? ""), MetricLabel("pod", pod?.name ?? ""),
        ])
    }
}
