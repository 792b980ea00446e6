package import Addresses
package import LinuxNetlink

/// One difference between the network as it is and as pods need it.
package struct NetworkDefect: Sendable, Hashable {
    package enum Remedy: Sendable, Hashable {
        case makeBridge(MACAddress, mtu: UInt32)
        /// Of the bridge.
        case changeBridge(UInt32, LinkChange)
        /// Of a pod's interface on the node.
        case changePort(UInt32, LinkChange)
        case writeParameter(NetworkParameter)
        case addAddress(CIDR, link: UInt32)
        case removeAddress(CIDR, link: UInt32)
        case replaceRoute(Route)
        case deleteRoute(Route)
        /// The interface to nodes that are not on one link.
        case makeOverlay(VXLANTunnel, MACAddress, mtu: UInt32)
        case changeOverlay(UInt32, LinkChange)
        case removeOverlay(UInt32)
        case addOverlayAddress(CIDR, link: UInt32)
        case removeOverlayAddress(CIDR, link: UInt32)
        case replaceNeighbour(Neighbour)
        case deleteNeighbour(Neighbour)
        case replaceForwardingEntry(ForwardingEntry)
        case deleteForwardingEntry(ForwardingEntry)
    }

    package let found: String
    package let wanted: String
    package let remedy: Remedy

    package init(found: String, wanted: String, remedy: Remedy) {
        self.found = found
        self.wanted = wanted
        self.remedy = remedy
    }

    /// It concerns one pod alone.
    package var isAboutPort: Bool { if case .changePort = remedy { true } else { false } }

    /// It concerns the way to another node alone: this node's pods work without it.
    package var isAboutPeer: Bool {
        switch remedy {
        case .replaceRoute(let route), .deleteRoute(let route): route.origin == PeerRoutes.origin
        case .makeOverlay, .changeOverlay, .removeOverlay, .addOverlayAddress, .removeOverlayAddress: true
        case .replaceNeighbour, .deleteNeighbour, .replaceForwardingEntry, .deleteForwardingEntry: true
        default: false
        }
    }
}
