package import KubeModel

/// Why this node ends a pod that could go on: what its final status says besides the phase Failed.
package struct PodEviction: Sendable, Hashable {
    /// `status.reason`, and the reason of the event, which is a warning.
    package let reason: String
    /// `status.message`, and the event's message.
    package let message: String
    /// The condition `DisruptionTarget`.
    package let condition: PodCondition

    package init(reason: String, message: String, conditionMessage: String) {
        self.reason = reason
        self.message = message
        condition = PodCondition(type: "DisruptionTarget", status: true, reason: "TerminationByKubelet", message: conditionMessage)
    }

    /// The pod makes room for a critical one.
    package static let preemption = PodEviction(
        reason: "Preempting", message: "Preempted in order to admit critical pod",
        conditionMessage: "Pod was preempted by Kubelet to accommodate a critical pod.")

    /// How long the node waits for the end of a pod before it goes on without: half as long again as the pod's grace period, at least 10 seconds
    /// (`killPodNow`).
    package static func patience(for pod: Pod) -> Duration {
        let grace = Duration.seconds(max(pod.spec.terminationGracePeriodSeconds ?? 30, 0))
        return max(grace * 3 / 2, .seconds(10))
    }
}
