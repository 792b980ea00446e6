import KubeModel

/// The pod and the sandbox in which a container starts.
struct ContainerPlace: Sendable {
    let pod: Pod
    let sandboxID: String
    let addresses: [String]

    func spec(of name: String) -> Container? { pod.spec.container(named: name) }

    func hasPreStop(_ name: String) -> Bool { spec(of: name)?.lifecycle?.preStop != nil }
}
