import KubeModel

/// Why a pod is over, where its containers do not show it: `status.reason` and `status.message`.
struct PodVerdict: Sendable, Hashable {
    let reason: String?
    let message: String?
    /// The phase, however the containers end.
    let phase: PodPhase?
    /// Says more about the reason, in the final status.
    var condition: PodCondition?
    /// The longest grace period in seconds, whatever the pod asks for; `nil` for the pod's own.
    var graceLimit: Int64?
    /// The phase stands in the API already, and is never taken back.
    var isInAPI = false
    /// Nothing was ever made for the pod: its status shows nothing else.
    var isRefusal = false
}

extension PodVerdict {
    init(_ eviction: PodEviction) {
        self.init(
            reason: eviction.reason, message: eviction.message, phase: .failed, condition: eviction.condition, graceLimit: eviction.graceLimit)
    }
}
