import KubeModel

/// Why a pod is over, where its containers do not show it: `status.reason` and `status.message`.
struct PodVerdict: Sendable, Hashable {
    let reason: String?
    let message: String?
    /// The phase, however the containers end.
    let phase: PodPhase?
    /// Says more about the reason, in the final status.
    var condition: PodCondition?
    /// The phase stands in the API already, and is never taken back.
    var isInAPI = false
    /// Nothing was ever made for the pod: its status shows nothing else.
    var isRefusal = false
}
