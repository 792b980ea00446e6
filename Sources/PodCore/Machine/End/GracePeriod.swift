import KubeModel
import Timing

/// How long the containers of a pod that ends have between the stop signal and the kill.
struct GracePeriod: Sendable {
    let pod: Pod
    /// The pod is no longer in the API.
    let isRemoved: Bool
    /// The deletion is older than this agent's knowledge of the pod: an earlier agent has begun with it.
    let wasDeleting: Bool
    /// The most seconds that the node can wait; `nil` for the pod's own grace period.
    let limit: Int64?

    init(of pod: Pod, isRemoved: Bool = false, wasDeleting: Bool = false, limit: Int64? = nil) {
        self.pod = pod
        self.isRemoved = isRemoved
        self.wasDeleting = wasDeleting
        self.limit = limit
    }

    var length: Duration { max(.seconds(seconds), ContainerStop.leastGrace) }

    /// Whether there is time for `preStop` hooks.
    var allowsHooks: Bool { seconds > 0 }

    private var seconds: Int64 { limit.map { min($0, ownSeconds) } ?? ownSeconds }

    private var ownSeconds: Int64 {
        if isRemoved, pod.metadata.deletionTimestamp == nil { return 1 }
        return pod.metadata.deletionGracePeriodSeconds ?? pod.spec.terminationGracePeriodSeconds ?? 30
    }

    /// The part that an earlier agent has given already. It is measured by the API server's clock, and so only where this agent's own cannot tell.
    func elapsed(at now: Timestamp) -> Duration {
        guard wasDeleting, let end = pod.metadata.deletionTimestamp else { return .zero }
        let left = Duration.seconds(end.seconds - now.seconds)
        return min(max(length - left, .zero), length)
    }
}
