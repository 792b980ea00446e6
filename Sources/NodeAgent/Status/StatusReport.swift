import KubeClient
import KubeModel

/// A status that waits to be written.
struct StatusReport: Sendable {
    let status: PodStatus
    /// Whether the API object is to be deleted after this write. The request comes once and survives the status that it came with.
    var deletes: Bool
    /// Earlier statuses are not written any more.
    var isForced = false
    /// When the status, or the first status that it has replaced, was submitted.
    var since: Duration
    /// For a status that is written again because another client has changed it.
    var notBefore: Duration?

    /// Computed each time: one status of every pod is kept for as long as the pod exists.
    var milestones: StatusMilestones { StatusMilestones(status) }
}

extension APIError {
    /// Whether another try cannot succeed: the pod is gone, another pod has its name, or the API server rejects the status as invalid.
    var makesStatusPointless: Bool { isNotFound || isOfOtherUID || isInvalid }

    /// Another pod has the name now.
    var isOfOtherUID: Bool { isConflict && (status?.message?.contains("in precondition") ?? false) }
}
