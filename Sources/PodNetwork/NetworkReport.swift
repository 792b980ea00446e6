package import PodCore

/// The pod network as operators see it.
package enum NetworkReport {
    /// A sandbox with its place in the network.
    package struct Attachment: Sendable, Hashable {
        package let sandboxID: String
        /// `nil` while the sandbox is still being made.
        package let pod: PodIdentity?
        package let addresses: [String]
        /// The interface on the node.
        package let hostLink: String
        /// Bytes; `nil` without the interface.
        package let mtu: UInt32?
        /// `connected`, or what is wrong.
        package let state: String
    }

    /// One thing that a check has found.
    package struct Finding: Sendable, Hashable {
        package let found: String
        package let wanted: String
        /// The repair, or the advice.
        package let done: String
    }
}
