/// How far a resize came.
package struct ResizeOutcome: Sendable, Hashable {
    package enum Result: Sendable, Hashable {
        case done
        /// The sandbox or a container has ended meanwhile. Its end is on its way as an event.
        case interrupted
        case failed(message: String)
    }

    package let sandboxID: String
    /// The resources in force now, of the pod and of the containers in the plan.
    package let reached: ActuatedResources
    package let result: Result

    package init(sandboxID: String, reached: ActuatedResources, _ result: Result) {
        self.sandboxID = sandboxID
        self.reached = reached
        self.result = result
    }
}
