import KubeClient
import KubeModel

/// A status that waits to be written.
struct StatusReport: Sendable {
    let status: PodStatus
    /// Whether the API object is to be deleted after this write. The request comes once and survives the status that it came with.
    var deletes: Bool

    /// The part that clients wait for: the phase, and the restarts and state of each container.
    private struct Milestone: Equatable {
        let phase: PodPhase?
        let containers: [String]
    }

    private var milestone: Milestone {
        let all = (status.initContainerStatuses ?? []) + (status.containerStatuses ?? [])
        return Milestone(
            phase: status.phase,
            containers: all.map { container in
                let state = container.state
                let kind = state.running != nil ? "running" : state.terminated != nil ? "terminated" : state.waiting?.reason ?? ""
                return "\(container.restartCount) \(kind)"
            })
    }

    /// Whether a client that sees only `newer` misses nothing that it could wait for.
    func isSuperseded(by newer: StatusReport) -> Bool { milestone == newer.milestone }
}

extension APIError {
    /// Whether another try cannot succeed: the pod is gone, another pod has its name, or the API server rejects the status as invalid.
    var makesStatusPointless: Bool {
        isNotFound || isInvalid || isConflict && (status?.message?.contains("in precondition") ?? false)
    }
}
