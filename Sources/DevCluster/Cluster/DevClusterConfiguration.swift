package import Addresses
import KubeModel

/// The settings from the command line of `swiftlet-devcluster`.
package struct DevClusterConfiguration: Sendable {
    /// The address to listen on; `0.0.0.0` for all addresses.
    package var listenHost = "127.0.0.1"
    package var port = 6443
    /// The address that the kubeconfigs name.
    package var advertiseHost = "127.0.0.1"
    /// More names and addresses for the server's certificate.
    package var serverNames: [String] = []
    /// The directory for kubeconfigs and certificates.
    package var directory = "."
    /// Nodes that get a kubeconfig.
    package var nodes: [String] = []
    package var serviceRange: CIDR
    package var podRange: CIDR
    package var nodesAreProxiers = true
    /// Tokens that may ask for node certificates.
    package var bootstrapTokens: [String] = []
    /// False: serving certificates of nodes wait for an approval.
    package var approvesServing = true
    /// The life of the certificates that nodes request, in seconds.
    package var certificateLife: Int64 = 365 * 86_400
    /// PEM file with the authority of the nodes' serving certificates; nil: they are not verified.
    package var kubeletAuthorityFile: String?
    /// Seconds after which a node whose lease was not renewed is not Ready.
    package var leaseGraceSeconds: Int64 = 40
    /// Changes that a watch can be behind before it gets 410 Gone.
    package var historyLength = 4096

    package init() {
        serviceRange = Self.defaultRange(10 << 24 | 96 << 16)
        podRange = Self.defaultRange(10 << 24 | 244 << 16)
    }

    private static func defaultRange(_ first: UInt128) -> CIDR {
        let address = IPAddress(family: .v4, value: first)
        return CIDR(address, prefixLength: 16) ?? CIDR(host: address)
    }
}
