package import Addresses
package import LinuxNetlink

/// The node's side of the network as pods need it.
package struct WantedNetwork: Sendable, Hashable {
    /// The bridge's addresses, each with its range; the node's primary family first.
    package var gateways: [CIDR]
    /// Addresses of the bridge under earlier ranges, which pods still use as their gateways.
    package var earlierGateways: [CIDR]
    /// The addresses of running pods. An address of the bridge whose range has one of them stays.
    package var addressesInUse: Set<IPAddress>
    /// The bridge's link address, which running pods have in their neighbour tables; `nil` for that of a bridge that is there already.
    package var mac: MACAddress?
    /// The names of the pods' interfaces on the node. Those that do not exist are none of the bridge's concern: they went with their pods.
    package var hostLinks: Set<String>
    /// The cluster's other nodes; `nil` while they are not known: then routes to them stay as they are.
    package var peers: [PeerNode]?
    /// The addresses by which other nodes know this one, the primary family first.
    package var ownAddresses: [IPAddress]
    /// The node reaches pods from 127.0.0.1. Only while rules of nftables keep pods from its loopback.
    package var opensLoopback = false

    package init(
        gateways: [CIDR], earlierGateways: [CIDR] = [], addressesInUse: Set<IPAddress> = [], mac: MACAddress? = nil, hostLinks: Set<String> = [],
        peers: [PeerNode]? = nil, ownAddresses: [IPAddress] = []
    ) {
        self.gateways = gateways
        self.earlierGateways = earlierGateways
        self.addressesInUse = addressesInUse
        self.mac = mac
        self.hostLinks = hostLinks
        self.peers = peers
        self.ownAddresses = ownAddresses
    }
}
