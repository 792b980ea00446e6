import KubeModel

/// A pod in the words of `kubectl get pods`.
struct PodLine {
    let ready: String
    let status: String
    let restarts: Int
    let age: String
    let address: String
    let containers: String

    init(_ pod: Pod, now: Timestamp) {
        let state = PodState(pod)
        ready = "\(state.readyContainers)/\(pod.spec.containers.count)"
        restarts = state.restarts
        status = state.word
        age = pod.metadata.creationTimestamp.map { TimeText.age(seconds: now.seconds - $0.seconds) } ?? "<unknown>"
        let addresses = pod.status?.podIPs?.map(\.ip) ?? []
        address = addresses.isEmpty ? "<none>" : addresses.joined(separator: ",")
        containers = pod.spec.containers.map(\.name).joined(separator: ",")
    }
}
