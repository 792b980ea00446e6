package import KubeModel

/// The CPU and memory that a pod's spec asks for: for the pod as a whole, if it does (`spec.resources`), and for each container that can be resized.
package struct PodResources: Sendable, Hashable {
    package var pod: ComputeResources
    /// Init and regular containers, by name.
    package var containers: [String: ComputeResources]

    package init(_ spec: PodSpec) {
        pod = ComputeResources(spec.resources)
        containers = Dictionary(spec.resizableContainers.map { ($0.name, ComputeResources($0.resources)) }) { $1 }
    }
}

extension PodSpec {
    /// Ephemeral containers have no resources.
    var resizableContainers: [Container] { (initContainers ?? []) + containers }

    /// The spec with these resources in place of its own.
    package func with(_ resources: PodResources) -> PodSpec {
        var spec = self
        spec.resources = resources.pod.written(over: self.resources)
        func resize(_ container: inout Container) {
            if let amounts = resources.containers[container.name] { container.resources = amounts.written(over: container.resources) }
        }
        for index in spec.containers.indices { resize(&spec.containers[index]) }
        for index in (spec.initContainers ?? []).indices { resize(&spec.initContainers![index]) }
        return spec
    }
}
