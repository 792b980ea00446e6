/// The user namespace of a pod that runs (`hostUsers: false`).
package struct PodUserNamespace: Sendable, Hashable {
    /// Opens the namespace while the sandbox lives.
    package let path: String
    /// The node's id that is the pod's id 0, of users and of groups. The namespace of another process that has got the sandbox's pid has another.
    package let firstID: UInt32

    package init(path: String, firstID: UInt32) {
        self.path = path
        self.firstID = firstID
    }
}
