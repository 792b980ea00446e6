import KubeModel

/// The pod and the sandbox in which a container starts.
struct ContainerPlace: Sendable {
    let pod: Pod
    let sandboxID: String
    let addresses: [String]

    /// The pod as messages name it.
    var podName: String { "\(pod.name)_\(pod.namespace)(\(pod.uid))" }
}
