import KubeModel

/// The pod and the sandbox in which a container starts.
struct ContainerPlace: Sendable {
    let pod: Pod
    let sandboxID: String
    let addresses: [String]
    /// The pod is getting other resources, and containers start afterwards.
    var holdsStarts = false
    /// Running containers that get other resources only by another start.
    var restartsToResize: Set<String> = []

    func spec(of name: String) -> Container? { pod.spec.container(named: name) }

    func hasPreStop(_ name: String) -> Bool { spec(of: name)?.lifecycle?.preStop != nil }
}
