package import Addresses
package import LinuxNetlink

/// The routes to the pods of other nodes: over the nodes' own addresses (`host-gw`), or through an overlay where a node is not on one link. Routes of other programs are never replaced or removed: all
/// routes of this agent have an origin of their own.
package struct PeerRoutes: Sendable, Hashable {
    /// The routing protocol number of this agent's routes (`ip route show proto 83`). No program of the registry in iproute2 has it.
    package static let origin: UInt8 = 83

    /// The wanted routes, in the order of the nodes' names.
    package private(set) var routes: [Route] = []
    /// Behind the overlay: the next hop of each range, and the host of each next hop.
    package private(set) var neighbours: [Neighbour] = []
    package private(set) var forwarding: [ForwardingEntry] = []
    /// The nodes whose pods cannot be reached, each with the reason and the way out.
    package private(set) var problems: [String] = []

    /// - Parameters:
    ///   - ownRanges: the ranges of this node's pods.
    ///   - observed: decides which addresses are on a link of this node, and which destinations have a route of another program.
    ///   - overlay: where it is there.
    package init(to peers: [PeerNode], ownRanges: [CIDR], _ observed: ObservedNetwork, overlay: Overlay.Path? = nil) {
        let local = observed.addresses.map(\.cidr.address).filter { !$0.isLinkLocal }
        let foreign = observed.mainRoutes.filter { $0.origin != Self.origin }
        var taken = ownRanges.map { (range: $0.network, owner: "this node") }
        for peer in peers.sorted(by: { $0.name < $1.name }) {
            for range in peer.ranges.map(\.network) {
                if let other = taken.first(where: { $0.range.overlaps(range) }) {
                    problems.append(
                        "node \(peer.name) has podCIDR \(range), which overlaps \(other.range) of \(other.owner): no route leads to its pods; "
                            + "wanted a range of its own for each node: see spec.podCIDR of both")
                    continue
                }
                if let address = (local + peers.flatMap(\.addresses)).first(where: range.contains) ?? Self.reserved(range) {
                    problems.append(
                        "node \(peer.name) has podCIDR \(range), which contains \(address): no route leads to its pods; "
                            + "wanted a range that is used for pods alone")
                    continue
                }
                taken.append((range, "node \(peer.name)"))
                if foreign.contains(where: { $0.destination == range }) { continue }
                add(range, of: peer, observed, overlay)
            }
        }
    }

    private mutating func add(_ range: CIDR, of peer: PeerNode, _ observed: ObservedNetwork, _ overlay: Overlay.Path?) {
        let candidates = peer.addresses.filter { $0.family == range.family }
        for address in candidates {
            guard let link = observed.link(toNeighbour: address) else { continue }
            routes.append(Route(to: range, via: address, link: link.index, origin: Self.origin))
            return
        }
        if let overlay, let host = peer.addresses.first(where: { $0.family == overlay.underlay }) {
            // No host has a range's first address. It stands for the other node on the overlay.
            let hop = range.first
            routes.append(
                Route(
                    to: range, via: hop, link: overlay.link, source: overlay.sources.first { $0.family == range.family }, isOnLink: true,
                    origin: Self.origin))
            neighbours.append(Neighbour(link: overlay.link, address: hop, mac: Overlay.mac(of: host)))
            let entry = ForwardingEntry(link: overlay.link, mac: Overlay.mac(of: host), host: host)
            if !forwarding.contains(entry) { forwarding.append(entry) }
            return
        }
        guard let first = candidates.first else {
            let stays = keep(range, observed)
            problems.append(
                "node \(peer.name) has podCIDR \(range) and no InternalIP of that family: \(stays ? "the last route stays" : "no route leads to its pods"); "
                    + "wanted --node-ip with an address of each family on that node")
            return
        }
        problems.append(
            "node \(peer.name) at \(first) is not on a link of this node: no route leads to its pods \(range); "
                + "wanted all nodes on one link, network.routing: vxlan on all nodes, or routes by another program")
    }

    /// Keeps the route that led to a range before its node lost its address: the node may have one again in a moment, and its connections live on.
    /// Returns whether there is such a route.
    private mutating func keep(_ range: CIDR, _ observed: ObservedNetwork) -> Bool {
        guard let route = observed.mainRoutes.first(where: { $0.origin == Self.origin && $0.destination == range }) else { return false }
        routes.append(route)
        let hops = observed.neighbours.filter { $0.isPermanent && $0.link == route.link && $0.address == route.gateway }
        neighbours += hops
        for hop in hops { forwarding += observed.forwarding.filter { $0.mac == hop.mac && !forwarding.contains($0) } }
        return true
    }

    /// An address that no range of pods may contain.
    private static func reserved(_ range: CIDR) -> IPAddress? {
        if range.prefixLength == 0 { return range.first }
        return [range.first, range.last].first { $0.isLoopback || $0.isMulticast || $0.isLinkLocal }
    }

    /// The differences to the routes that are there.
    package func defects(_ observed: ObservedNetwork) -> [NetworkDefect] {
        let present = observed.mainRoutes.filter { $0.origin == Self.origin }
        var defects: [NetworkDefect] = []
        for route in present where !routes.contains(where: { Self.isSame($0, route) }) {
            // A route with another gateway is replaced by the wanted one, in one step.
            if route.destination.family == .v4, routes.contains(where: { $0.destination == route.destination }) { continue }
            defects.append(
                NetworkDefect(
                    found: "a route to \(route.destination), which is no other node's", wanted: "no such route", remedy: .deleteRoute(route)))
        }
        for route in routes where !present.contains(where: { Self.isSame($0, route) }) {
            defects.append(
                NetworkDefect(
                    found: "no route to \(route.destination)", wanted: "a route via \(route.gateway.map(\.description) ?? "-")",
                    remedy: .replaceRoute(route)))
        }
        for neighbour in neighbours where !observed.neighbours.contains(neighbour) {
            defects.append(
                NetworkDefect(
                    found: "no neighbour \(neighbour.address) on \(Overlay.name)", wanted: "one for each range", remedy: .replaceNeighbour(neighbour))
            )
        }
        for neighbour in observed.neighbours where neighbour.isPermanent && !neighbours.contains(where: { $0.address == neighbour.address }) {
            defects.append(
                NetworkDefect(
                    found: "a neighbour \(neighbour.address) on \(Overlay.name), which is no other node's", wanted: "no such neighbour",
                    remedy: .deleteNeighbour(neighbour)))
        }
        for entry in forwarding where !observed.forwarding.contains(entry) {
            defects.append(
                NetworkDefect(
                    found: "no way to node \(entry.host) on \(Overlay.name)", wanted: "one for each node", remedy: .replaceForwardingEntry(entry)))
        }
        for entry in observed.forwarding where !forwarding.contains(where: { $0.mac == entry.mac }) {
            defects.append(
                NetworkDefect(
                    found: "a way to \(entry.host) on \(Overlay.name), which is no other node's", wanted: "no such way",
                    remedy: .deleteForwardingEntry(entry)))
        }
        return defects
    }

    private static func isSame(_ left: Route, _ right: Route) -> Bool {
        left.destination == right.destination && left.gateway == right.gateway && left.link == right.link
    }
}
