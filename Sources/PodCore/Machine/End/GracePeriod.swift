import KubeModel
import Timing

/// How long the containers of a pod that ends have between the stop signal and the kill.
struct GracePeriod: Sendable {
    let pod: Pod
    /// The pod is no longer in the API.
    let isRemoved: Bool
    /// The deletion is older than this agent's knowledge of the pod: an earlier agent has begun with it.
    let wasDeleting: Bool

    var length: Duration {
        let seconds: Int64
        if isRemoved, pod.metadata.deletionTimestamp == nil {
            seconds = 1
        } else {
            seconds = pod.metadata.deletionGracePeriodSeconds ?? pod.spec.terminationGracePeriodSeconds ?? 30
        }
        return max(.seconds(seconds), ContainerRecord.leastGrace)
    }

    /// The part that an earlier agent has given already. It is measured by the API server's clock, and so only where this agent's own cannot tell.
    func elapsed(at now: Timestamp) -> Duration {
        guard wasDeleting, let end = pod.metadata.deletionTimestamp else { return .zero }
        let left = Duration.seconds(end.seconds - now.seconds)
        return min(max(length - left, .zero), length)
    }
}
