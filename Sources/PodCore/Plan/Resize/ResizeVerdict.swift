/// The node's answer to a pod that asks for other resources.
package enum ResizeVerdict: Sendable, Hashable {
    case fits
    /// There is too little room now. `reason` is that of a pod which is not admitted, such as `OutOfcpu`.
    case deferred(reason: String, message: String)
    /// This node will never have the room, or cannot do it.
    case infeasible(message: String)
    /// Not all pods of the node are known yet: ask again.
    case unknown
}
