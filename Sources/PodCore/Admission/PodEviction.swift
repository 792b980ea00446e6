package import KubeModel

/// Why this node ends a pod that could go on: what its final status says besides the phase Failed.
package struct PodEviction: Sendable, Hashable, Codable {
    package static let evictedReason = "Evicted"
    static let conditionType = "DisruptionTarget"

    /// `status.reason`, and the reason of the event, which is a warning.
    package let reason: String
    /// `status.message`, and the event's message.
    package let message: String
    /// The message of the condition `DisruptionTarget`; `nil` for a pod that is ended for what it has done itself.
    private let conditionMessage: String?
    /// The longest grace period in seconds, at least 1, whatever the pod asks for; `nil` for the pod's own.
    package let graceLimit: Int64?
    /// Whether an event tells of it.
    package let isAnnounced: Bool

    package init(reason: String, message: String, conditionMessage: String?, graceLimit: Int64? = nil, isAnnounced: Bool = true) {
        self.reason = reason
        self.message = message
        self.conditionMessage = conditionMessage
        self.graceLimit = graceLimit.map { max($0, 1) }
        self.isAnnounced = isAnnounced
    }

    package var condition: PodCondition? {
        conditionMessage.map { PodCondition(type: Self.conditionType, status: true, reason: "TerminationByKubelet", message: $0) }
    }

    /// The pod makes room for a critical one.
    package static let preemption = PodEviction(
        reason: "Preempting", message: "Preempted in order to admit critical pod",
        conditionMessage: "Pod was preempted by Kubelet to accommodate a critical pod.")

    /// The node runs out of a resource.
    package static func shortage(_ message: String, graceLimit: Int64) -> PodEviction {
        PodEviction(reason: evictedReason, message: message, conditionMessage: message, graceLimit: graceLimit)
    }

    /// The pod has used more local storage than it may. Clients do not take this for a disruption.
    package static func storageLimit(_ message: String) -> PodEviction {
        PodEviction(reason: evictedReason, message: message, conditionMessage: nil, graceLimit: immediateGrace)
    }

    /// Seconds where the node cannot wait (`immediateEvictionGracePeriodSeconds`).
    package static let immediateGrace: Int64 = 1

    /// How long the node waits for the end of a pod before it goes on without: half as long again as the pod's grace period, at least 10 seconds
    /// (`killPodNow`).
    package static func patience(for pod: Pod) -> Duration {
        let grace = Duration.seconds(max(pod.spec.terminationGracePeriodSeconds ?? 30, 0))
        return max(grace * 3 / 2, .seconds(10))
    }
}
