/// The pod network of this node. `PodNetwork` conforms.
package protocol PodNetworkPort: Sendable {
    /// Makes the node ready for pods of these ranges (`spec.podCIDRs`), keeping what is there. May be called again with other ranges.
    func setUp(podCIDRs: [String]) async throws(NetworkFailure)

    /// Gives a sandbox its interface and addresses, the node's primary family first. A repeated call returns the same addresses.
    func attach(sandboxID: String, networkNamespacePath: String) async throws(NetworkFailure) -> [String]

    /// Takes the sandbox's addresses back. Its interface goes with its namespace.
    func detach(sandboxID: String) async throws(NetworkFailure)

    /// Keeps the addresses of sandboxes that outlived the last agent and frees all others.
    func recover(_ addressesBySandbox: [String: [String]]) async throws(NetworkFailure)
}

/// Why a pod has no network: event `FailedCreatePodSandBox` or `NetworkNotReady`.
package struct NetworkFailure: Error, Sendable, Hashable, CustomStringConvertible {
    package enum Code: Sendable, Hashable {
        /// `setUp` has not been done: the node has no podCIDR yet.
        case notReady
        /// Every address of the range is in use.
        case exhausted
        /// A podCIDR that is not one.
        case invalidRange
        /// The kernel refused.
        case kernel
    }

    package let code: Code
    package let message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { message }
}
