/// Why a pod is over, where its containers do not show it: `status.reason` and `status.message`.
struct PodVerdict: Sendable, Hashable {
    let reason: String?
    let message: String?
    /// Nothing was ever made for the pod: its status shows nothing else.
    let isRefusal: Bool
}
