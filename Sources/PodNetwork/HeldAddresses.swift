package import Addresses
package import LinuxNetlink

/// The addresses by which other nodes reach this one: at most one of each family, IPv4 first. Pure: routes and addresses in, a choice out.
///
/// A chosen address stays as long as an interface has it. Pods' host addresses and other nodes' routes depend on it, and they must not change with a
/// gateway that is away for a moment, or with another gateway that takes its place.
package struct HeldAddresses: Sendable, Hashable {
    /// Those of the interfaces with default routes.
    private var ofDefaultRoutes: [IPAddress] = []
    /// Those of packets to the API server, for a machine without a default route.
    private var towardsServer: [IPAddress] = []
    /// All addresses of this machine that are valid beyond one link.
    package private(set) var present: Set<IPAddress> = []

    package init() {}

    package var chosen: [IPAddress] { ofDefaultRoutes.isEmpty ? towardsServer : ofDefaultRoutes }

    /// Chooses anew where no address is chosen yet, or the chosen one has left the machine.
    package mutating func update(routes: [Route], addresses: [InterfaceAddress]) {
        let addresses = addresses.filter(\.isGlobal)
        let present = Set(addresses.map(\.cidr.address))
        self.present = present
        let held = ofDefaultRoutes.filter(present.contains)
        ofDefaultRoutes = IPAddress.Family.allCases.compactMap { family in
            held.first { $0.family == family } ?? Self.ofDefaultRoute(family, routes, addresses)
        }
        towardsServer.removeAll { !present.contains($0) }
    }

    /// Takes the addresses of packets to the API server. A server on this machine is reached from the loopback address, which says nothing.
    package mutating func update(towardsServer sources: [IPAddress]) {
        let usable = sources.filter { present.contains($0) && !$0.isLoopback && !$0.isLinkLocal }
        towardsServer = IPAddress.Family.allCases.compactMap { family in usable.first { $0.family == family } }
    }

    private static func ofDefaultRoute(_ family: IPAddress.Family, _ routes: [Route], _ addresses: [InterfaceAddress]) -> IPAddress? {
        let routes = routes.filter { $0.isDefault && $0.table == Route.mainTable && $0.destination.family == family }
        for route in routes.sorted(by: { $0.priority < $1.priority }) {
            if let source = route.source { return source }
            // Permanent ones first: IPv6 has temporary addresses beside them.
            let candidates = addresses.filter { $0.link == route.link && $0.cidr.family == family }
            if let found = candidates.first(where: \.isPermanent) ?? candidates.first { return found.cidr.address }
        }
        return nil
    }
}
