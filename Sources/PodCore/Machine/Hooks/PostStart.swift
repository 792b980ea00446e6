/// The `postStart` hook of a running container. Until it has succeeded, statuses show the container as it was before its start.
package struct PostStart: Sendable, Hashable {
    enum Progress: Sendable, Hashable {
        /// The first state. Leads to `underWay`.
        case due
        /// The result is missing. Leads to the end of this value, or to `failed`.
        case underWay
        /// The container is to be stopped. The last state.
        case failed(message: String)
    }

    let shown: ContainerStep.Shown
    let restartCount: Int
    var progress = Progress.due
}
