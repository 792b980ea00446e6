/// Ways to make room on the node's disks without ending a pod.
package protocol NodeReclaim: Sendable {
    /// Removes the writable layers of containers that have ended and do not run again.
    func removeDeadContainers() async

    /// Removes images that no container uses. Returns false where this node cannot.
    func removeUnusedImages() async -> Bool
}

extension NodeReclaim {
    /// Does nothing, and says so.
    package func removeUnusedImages() async -> Bool { false }
}
