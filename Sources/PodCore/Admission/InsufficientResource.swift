/// A resource of which the node has too little left for a pod, in the units of ``ResourceAmounts``.
struct InsufficientResource: Sendable, Hashable {
    let name: String
    let requested: Int128
    /// By the other pods.
    let used: Int128
    /// The node's allocatable amount.
    let capacity: Int128

    var message: String { "Node didn't have enough resource: \(name), requested: \(requested), used: \(used), capacity: \(capacity)" }

    /// The amount that must become free for the pod to fit.
    var missing: Int128 { requested - (capacity - used) }
}
