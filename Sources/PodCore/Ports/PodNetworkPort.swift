/// The pod network of this node. `PodNetwork` and `CNINetwork` conform.
package protocol PodNetworkPort: Sendable {
    /// Whether plugins make it: it does not wait for the node's ranges, and takes the network of a sandbox back while the sandbox lives.
    var isMadeByPlugins: Bool { get }

    /// Makes the node ready for pods of these ranges (`spec.podCIDRs`); existing pods keep their addresses. May be called again with other ranges.
    func setUp(podCIDRs: [String]) async throws(NetworkFailure)

    /// Whether `setUp` has succeeded, and pods can be attached.
    var isSetUp: Bool { get async }

    /// Gives a sandbox its interface and addresses, the node's primary family first. A repeated call returns the same addresses.
    /// - Parameter sandbox: without addresses.
    func attach(_ sandbox: SandboxNetwork, networkNamespacePath: String, bandwidth: PodBandwidth) async throws(NetworkFailure) -> [String]

    /// Leads the sandbox's `hostPorts` to its addresses; in effect on return. A repeated call changes nothing.
    /// - Throws: `.portTaken` when another sandbox has one of the ports; then no port is forwarded.
    func forwardHostPorts(of sandbox: SandboxNetwork) async throws(NetworkFailure)

    /// Takes the sandbox's addresses and ports of the node back. Its interface goes with its namespace.
    func detach(sandboxID: String) async throws(NetworkFailure)

    /// Takes over an earlier agent's sandboxes: keeps the addresses and ports of the running ones, frees all others.
    func recover(_ sandboxes: [SandboxNetwork]) async throws(NetworkFailure)
}

/// A sandbox as the pod network sees it.
package struct SandboxNetwork: Sendable, Hashable {
    package var sandboxID: String
    package var pod: PodIdentity
    package var addresses: [String]
    package var hostPorts: [HostPort]
    /// `false` for a sandbox that has ended and must still be removed.
    package var isRunning: Bool

    package init(sandboxID: String, pod: PodIdentity, addresses: [String], hostPorts: [HostPort] = [], isRunning: Bool = true) {
        self.sandboxID = sandboxID
        self.pod = pod
        self.addresses = addresses
        self.hostPorts = hostPorts
        self.isRunning = isRunning
    }
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
        /// A port of the node is another pod's.
        case portTaken
        /// A port of the node that cannot lead to this pod.
        case invalidPort
        /// A limit of the pod's traffic that cannot be read.
        case invalidBandwidth
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
