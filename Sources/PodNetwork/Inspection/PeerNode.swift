package import Addresses

/// Another node of the cluster: the ranges of its pods, and its own addresses.
package struct PeerNode: Sendable, Hashable {
    package let name: String
    package let ranges: [CIDR]
    package let addresses: [IPAddress]

    package init(name: String, ranges: [CIDR], addresses: [IPAddress]) {
        self.name = name
        self.ranges = ranges
        self.addresses = addresses
    }

    /// The node as its object describes it. Ranges and addresses that cannot be read are left out.
    package init(name: String, ranges: [String], internalIPs: [String]) {
        self.init(name: name, ranges: ranges.compactMap { CIDR($0) }, addresses: internalIPs.compactMap { IPAddress($0) })
    }
}
