package import KubeModel

/// The container that an operator means by a pod's name and options.
package enum PodChoice {
    /// A name that stands for no container or for several.
    package struct Refusal: Error, Equatable, CustomStringConvertible {
        package let description: String
    }

    private static let defaultContainer = "kubectl.kubernetes.io/default-container"

    /// Without a namespace the name alone must identify the pod; without a container the pod's default one is chosen, else its first.
    package static func address(_ name: String, namespace: String?, container: String?, among pods: [Pod]) throws(Refusal) -> EndpointPath.PodAddress
    {
        let found = pods.filter { $0.name == name && (namespace == nil || $0.namespace == namespace) }
        guard let pod = found.first else {
            throw Refusal(
                description: "no pod \(name)" + (namespace.map { " in namespace \($0)" } ?? "") + " on this node ('swiftlet pods' lists them)")
        }
        guard found.count == 1 else {
            let namespaces = found.map(\.namespace).sorted().joined(separator: ", ")
            throw Refusal(description: "pod \(name) is in several namespaces (\(namespaces)): choose one with -n")
        }
        let names = pod.spec.containers.map(\.name)
        let all = names + (pod.spec.initContainers ?? []).map(\.name) + (pod.spec.ephemeralContainers ?? []).map(\.name)
        if let container, !all.contains(container) {
            throw Refusal(description: "no container \(container) in pod \(name); there are \(all.joined(separator: ", "))")
        }
        let preferred = pod.metadata.annotations?[defaultContainer].flatMap { all.contains($0) ? $0 : nil }
        guard let chosen = container ?? preferred ?? names.first else { throw Refusal(description: "pod \(name) has no containers") }
        return EndpointPath.PodAddress(namespace: pod.namespace, pod: name, container: chosen)
    }
}
