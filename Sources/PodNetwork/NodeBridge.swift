package import Addresses
import Glibc
package import LinuxNetlink
import LinuxSystem

/// The node's side of the pod network: bridge, gateway addresses, forwarding. Blocking.
package struct NodeBridge: Sendable {
    package let settings: NetworkSettings
    let stack: NetworkStack

    package init(settings: NetworkSettings) throws(NetlinkError) {
        self.settings = settings
        stack = try NetworkStack(namespace: settings.nodeNamespace?.descriptor)
    }

    /// Makes or repairs the bridge.
    /// - Parameters:
    ///   - gateways: the addresses that the bridge has to have, the node's primary family first.
    ///   - isNeeded: whether a gateway address of an earlier range is still some pod's gateway.
    package func ensure(gateways: [CIDR], isNeeded: (CIDR) -> Bool) throws -> (link: Link, mtu: UInt32) {
        let uplink = try uplink()
        let mtu = settings.mtu ?? uplink?.mtu ?? 1500
        guard let primary = gateways.first else { throw NetlinkError(code: .malformed, operation: "set up", object: settings.bridge) }
        // Another range must not change the bridge's link address: running pods have it in their neighbour tables.
        let mac = try stack.link(named: settings.bridge)?.mac ?? MACAddress(for: primary.address)
        var link = try stack.ensureBridge(settings.bridge, mac: mac, mtu: mtu)
        let promiscuous = settings.hairpin == .promiscuousBridge
        if promiscuous != link.isPromiscuous {
            try stack.setLink(link.index, LinkChange(promiscuous: promiscuous))
            link = try stack.link(index: link.index) ?? link
        }
        try writeParameters(gateways, uplink: uplink)

        for gateway in gateways { try stack.addAddress(gateway, to: link.index) }
        for address in try stack.addresses() where address.link == link.index && address.isGlobal && address.isPermanent {
            if !gateways.contains(address.cidr), !isNeeded(address.cidr.network) { try stack.removeAddress(address.cidr, from: link.index) }
        }
        return (link, mtu)
    }

    /// The interface of the default route: IPv4's before IPv6's, the lowest metric first.
    func uplink() throws(NetlinkError) -> Link? {
        let routes = try stack.routes().filter { $0.isDefault && $0.table == Route.mainTable && $0.link != nil }
            .sorted { ($0.destination.family == .v4 ? 0 : 1, $0.priority) < ($1.destination.family == .v4 ? 0 : 1, $1.priority) }
        for route in routes {
            if let index = route.link, let link = try stack.link(index: index) { return link }
        }
        return nil
    }

    private func writeParameters(_ gateways: [CIDR], uplink: Link?) throws {
        var parameters: [(String, String)] = []
        if gateways.contains(where: { $0.family == .v4 }) {
            // Loose: a pod's packet comes in over the bridge wherever the route back leads; the effective value is the
            // larger one of "all" and the interface.
            parameters.append(("ipv4/ip_forward", "1"))
            parameters.append(("ipv4/conf/\(settings.bridge)/rp_filter", "2"))
            // Pods reach each other through the node although they share a link, so they must not get redirects to a shorter way.
            // One of the two settings alone would send redirects.
            parameters.append(("ipv4/conf/all/send_redirects", "0"))
            parameters.append(("ipv4/conf/\(settings.bridge)/send_redirects", "0"))
        }
        if gateways.contains(where: { $0.family == .v6 }) {
            // A forwarding host ignores router advertisements, and with them its own default route, unless accept_ra is 2.
            if let uplink, try Self.parameter("ipv6/conf/\(uplink.name)/accept_ra", settings) == "1" {
                parameters.append(("ipv6/conf/\(uplink.name)/accept_ra", "2"))
            }
            parameters.append(("ipv6/conf/all/forwarding", "1"))
            parameters.append(("ipv6/conf/\(settings.bridge)/accept_ra", "0"))
            // The node looks for pods from the bridge's link-local address. While that is checked for duplicates, up to two seconds
            // from the first pod on, packets to pods are lost; no other machine on the bridge can have it.
            parameters.append(("ipv6/conf/\(settings.bridge)/accept_dad", "0"))
        }
        let wanted = parameters
        try inNode {
            for (name, value) in wanted {
                let path = "/proc/sys/net/" + name
                // Not written when it is right already: /proc/sys may be read-only.
                if try SmallFile.line(path) != value { try SmallFile.write(value, to: path) }
            }
        }
    }

    private static func parameter(_ name: String, _ settings: NetworkSettings) throws -> String? {
        try settings.nodeNamespace.map { try $0.withThreadBlocking { try? SmallFile.line("/proc/sys/net/" + name) } }
            ?? (try? SmallFile.line("/proc/sys/net/" + name))
    }

    /// /proc/sys/net shows the namespace of the thread that opens it.
    private func inNode(_ body: @escaping @Sendable () throws -> Void) throws {
        if let namespace = settings.nodeNamespace { try namespace.withThreadBlocking(body) } else { try body() }
    }

    /// Returns the node's own addresses as the network sees them: of each family, that of the interface with the default route.
    func nodeAddresses() throws(NetlinkError) -> [IPAddress] {
        let routes = try stack.routes().filter { $0.isDefault && $0.table == Route.mainTable }.sorted { $0.priority < $1.priority }
        let addresses = try stack.addresses().filter { $0.isGlobal }
        return IPAddress.Family.allCases.compactMap { family in
            for route in routes where route.destination.family == family {
                if let source = route.source { return source }
                // Permanent ones first: IPv6 has temporary addresses beside them.
                let candidates = addresses.filter { $0.link == route.link && $0.cidr.family == family }
                if let found = candidates.first(where: \.isPermanent) ?? candidates.first { return found.cidr.address }
            }
            return nil
        }
    }
}
