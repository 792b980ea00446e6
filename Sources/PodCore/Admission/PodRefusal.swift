/// Why this node does not take a pod.
package struct PodRefusal: Sendable, Hashable {
    /// `status.reason`, and the reason of the event.
    package let reason: String
    /// The event's message. `status.message` is the same after "Pod was rejected: ".
    package let message: String
}
