/// The parts of a pod in the runtime.
package struct PodPlace: Sendable, Hashable {
    /// `nil` while there is no sandbox.
    package let sandboxID: String?
    /// Ids of the latest containers by name, running or ended.
    package let containers: [String: String]

    package init(sandboxID: String?, containers: [String: String]) {
        self.sandboxID = sandboxID
        self.containers = containers
    }
}
