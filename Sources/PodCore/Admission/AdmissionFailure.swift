/// One thing that speaks against a pod on this node, in the scheduler's words.
enum AdmissionFailure: Sendable, Hashable {
    case insufficient(InsufficientResource)
    case nodeAffinity
    case nodeName
    case nodePorts
    case taintToleration

    var refusal: PodRefusal {
        switch self {
        case .insufficient(let resource): PodRefusal(reason: "OutOf\(resource.name)", message: resource.message)
        case .nodeAffinity: predicate("NodeAffinity", "node(s) didn't match Pod's node affinity/selector")
        case .nodeName: predicate("NodeName", "node(s) didn't match the requested node name")
        case .nodePorts: predicate("NodePorts", "node(s) didn't have free ports for the requested pod ports")
        case .taintToleration: predicate("TaintToleration", "node(s) had taints that the pod didn't tolerate")
        }
    }

    private func predicate(_ name: String, _ description: String) -> PodRefusal {
        PodRefusal(reason: name, message: "Predicate \(name) failed: \(description)")
    }
}
