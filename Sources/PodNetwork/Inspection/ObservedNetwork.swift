import Addresses
package import LinuxNetlink

/// The node's side of the network as the kernel has it.
package struct ObservedNetwork: Sendable, Hashable {
    package var links: [Link]
    package var addresses: [InterfaceAddress]
    package var routes: [Route]
    /// By the name below /proc/sys/net; a parameter that does not exist is missing.
    package var parameters: [String: String]
    /// The neighbours and forwarding entries of the interface to nodes that are not on one link.
    package var neighbours: [Neighbour]
    package var forwarding: [ForwardingEntry]

    package init(
        links: [Link] = [], addresses: [InterfaceAddress] = [], routes: [Route] = [], parameters: [String: String] = [:],
        neighbours: [Neighbour] = [], forwarding: [ForwardingEntry] = []
    ) {
        self.links = links
        self.addresses = addresses
        self.routes = routes
        self.parameters = parameters
        self.neighbours = neighbours
        self.forwarding = forwarding
    }

    func link(named name: String) -> Link? { links.first { $0.name == name } }

    func link(index: UInt32) -> Link? { links.first { $0.index == index } }

    /// The interface of the default route: IPv4's before IPv6's, the lowest metric first.
    package var uplink: Link? {
        let candidates = mainRoutes.filter(\.isDefault).sorted {
            ($0.destination.family == .v4 ? 0 : 1, $0.priority) < ($1.destination.family == .v4 ? 0 : 1, $1.priority)
        }
        return candidates.lazy.compactMap { $0.link.flatMap(link(index:)) }.first
    }

    /// The interface whose link `address` is on: that of the most specific route, unless the route leads over a gateway. A default route says nothing
    /// about that, not even without a gateway.
    func link(toNeighbour address: IPAddress) -> Link? {
        let best = mainRoutes.filter { !$0.isDefault && $0.destination.contains(address) }
            .max { ($0.destination.prefixLength, $1.priority) < ($1.destination.prefixLength, $0.priority) }
        guard let best, best.gateway == nil, let link = best.link.flatMap(link(index:)), link.isUp else { return nil }
        return link
    }

    /// The routes of the table that ordinary packets go by.
    var mainRoutes: [Route] { routes.filter { $0.table == Route.mainTable } }

    /// The global addresses of an interface that were set, not learned.
    func ownAddresses(of link: UInt32) -> [CIDR] {
        addresses.filter { $0.link == link && $0.isGlobal && $0.isPermanent }.map(\.cidr)
    }
}
