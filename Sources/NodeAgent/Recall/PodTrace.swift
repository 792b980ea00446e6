import KubeModel

/// The parts of a pod whose change makes the pod's record be written again: what the API server says of it, and what must not be forgotten of its life.
///
/// Readiness, messages and times of conditions are not among them: they change often, and a pod that is started again finds its own.
struct PodTrace: Hashable, Sendable {
    private struct Container: Hashable {
        let name: String
        let id: String?
        let restartCount: Int
        let state: String
    }

    private let metadata: ObjectMeta
    private let spec: PodSpec
    private let phase: PodPhase?
    private let reason: String?
    private let startTime: Timestamp?
    private let containers: [Container]

    init(_ pod: Pod) {
        var metadata = pod.metadata
        metadata.resourceVersion = nil
        self.metadata = metadata
        spec = pod.spec
        phase = pod.status?.phase
        reason = pod.status?.reason
        startTime = pod.status?.startTime
        containers = (pod.status?.allContainerStatuses ?? []).map {
            Container(name: $0.name, id: $0.containerID, restartCount: $0.restartCount, state: $0.state.recalledKind)
        }
    }
}

extension ContainerState {
    fileprivate var recalledKind: String {
        if running != nil { return "running" }
        if let terminated { return "terminated \(terminated.exitCode)" }
        return "waiting"
    }
}
