import KubeModel
import NodeServer

/// The container that an operator means by a pod's name and what else was said.
enum PodChoice {
    private static let defaultContainer = "kubectl.kubernetes.io/default-container"

    /// Without a namespace the name alone must tell; without a container the pod's default one is meant, else its first.
    static func address(_ name: String, namespace: String?, container: String?, among pods: [Pod]) throws -> EndpointPath.PodAddress {
        let found = pods.filter { $0.name == name && (namespace == nil || $0.namespace == namespace) }
        guard let pod = found.first else {
            throw CommandFailure("no pod \(name)" + (namespace.map { " in namespace \($0)" } ?? "") + " on this node ('swiftlet pods' lists them)")
        }
        guard found.count == 1 else {
            let namespaces = found.map(\.namespace).sorted().joined(separator: ", ")
            throw CommandFailure("pod \(name) is in several namespaces (\(namespaces)): choose one with -n")
        }
        let names = pod.spec.containers.map(\.name)
        let all = names + (pod.spec.initContainers ?? []).map(\.name) + (pod.spec.ephemeralContainers ?? []).map(\.name)
        if let container, !all.contains(container) {
            throw CommandFailure("no container \(container) in pod \(name); there are \(all.joined(separator: ", "))")
        }
        let preferred = pod.metadata.annotations?[defaultContainer].flatMap { all.contains($0) ? $0 : nil }
        guard let chosen = container ?? preferred ?? names.first else { throw CommandFailure("pod \(name) has no containers") }
        return EndpointPath.PodAddress(namespace: pod.namespace, pod: name, container: chosen)
    }
}
