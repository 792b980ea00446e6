package import KubeModel

/// The CPU and memory that a pod's cgroups enforce.
package struct ActuatedResources: Sendable, Hashable {
    /// The sums of the pod, without its overhead.
    package var pod: ComputeResources
    /// By the name of the container. A container without a limit of its own has the pod's.
    package var containers: [String: ComputeResources]

    package init(pod: ComputeResources, containers: [String: ComputeResources]) {
        self.pod = pod
        self.containers = containers
    }

    /// Returns what the cgroups of a pod with this spec enforce.
    package init(enforcing spec: PodSpec) {
        pod = ComputeResources(spec.aggregateResources)
        containers = Dictionary(spec.resizableContainers.map { ($0.name, spec.effectiveResources(of: $0)) }) { $1 }
    }
}
