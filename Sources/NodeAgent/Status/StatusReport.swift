import KubeClient
import KubeModel

/// A status that waits to be written.
struct StatusReport: Sendable {
    let status: PodStatus
    /// The API object is to be deleted once this is written. The wish is told once and outlives the status that it came with.
    var deletes: Bool

    /// What clients wait for: the phase, and of each container its restarts and what it does.
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

    /// Nothing is lost to a client that sees only `newer`.
    func isSuperseded(by newer: StatusReport) -> Bool { milestone == newer.milestone }
}

extension APIError {
    /// Writing the same again cannot succeed: the pod is gone, another one has its name, or the API server calls the status invalid.
    var makesStatusPointless: Bool {
        isNotFound || isInvalid || isConflict && (status?.message?.contains("in precondition") ?? false)
    }
}
