package import Addresses
package import LinuxNetlink

/// The VXLAN interface through which pods reach the nodes that are not on one link with this one. Every node computes the others' link addresses from
/// their own addresses, so nothing has to be published.
package struct Overlay: Sendable, Hashable {
    /// The way through the interface, once it is there.
    package struct Path: Sendable, Hashable {
        package let link: UInt32
        package let underlay: IPAddress.Family
        /// The addresses that the node's own packets get on this way, which other nodes answer over the same way.
        package let sources: [IPAddress]

        package init(link: UInt32, underlay: IPAddress.Family, sources: [IPAddress]) {
            self.link = link
            self.underlay = underlay
            self.sources = sources
        }
    }

    package static let name = "swl-vxlan"
    /// The same on all nodes. The port is IANA's for VXLAN.
    private static let id: UInt32 = 83
    private static let port: UInt16 = 4789

    private let own: IPAddress

    /// - Parameter own: the address by which other nodes know this one.
    package init(_ own: IPAddress) { self.own = own }

    /// The link address of a node's interface.
    package static func mac(of node: IPAddress) -> MACAddress {
        guard node.family == .v6 else { return MACAddress(for: node) }
        // Nodes on different links often differ in the middle of their addresses alone: FNV-1a of all bytes.
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in node.bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        return MACAddress(bytes: [0x0a] + (0..<5).map { UInt8(truncatingIfNeeded: hash >> ($0 * 8)) }) ?? MACAddress(for: node)
    }

    private var tunnel: VXLANTunnel { VXLANTunnel(id: Self.id, local: own, port: Self.port) }

    func path(_ observed: ObservedNetwork, sources: [IPAddress]) -> Path? {
        guard let link = observed.link(named: Self.name), link.tunnel == tunnel else { return nil }
        return Path(link: link.index, underlay: own.family, sources: sources)
    }

    /// Packets come in from wherever the other nodes are, and are never sent back.
    static func parameters(hasIPv6: Bool) -> [NetworkParameter] {
        let parameters = [
            NetworkParameter("ipv4/conf/\(name)/rp_filter", "2"), NetworkParameter("ipv4/conf/\(name)/send_redirects", "0"),
        ]
        return hasIPv6 ? parameters + [NetworkParameter("ipv6/conf/\(name)/accept_ra", "0")] : parameters
    }

    func defects(_ observed: ObservedNetwork, mtu: UInt32) -> [NetworkDefect] {
        let make = NetworkDefect(
            found: "\(Self.name) is missing", wanted: "VXLAN \(Self.id) from \(own)", remedy: .makeOverlay(tunnel, Self.mac(of: own), mtu: mtu))
        guard let link = observed.link(named: Self.name) else { return [make] }
        guard link.tunnel == tunnel else {
            return [
                NetworkDefect(
                    found: "\(Self.name) is another tunnel", wanted: "VXLAN \(Self.id) from \(own)", remedy: .removeOverlay(link.index)), make,
            ]
        }
        var change = LinkChange()
        if !link.isUp { change.up = true }
        if link.mtu != mtu { change.mtu = mtu }
        if link.mac != Self.mac(of: own) { change.mac = Self.mac(of: own) }
        if change == LinkChange() { return [] }
        return [
            NetworkDefect(
                found: "\(Self.name) is down, or has another MTU or link address", wanted: "up, MTU \(mtu), \(Self.mac(of: own))",
                remedy: .changeOverlay(link.index, change))
        ]
    }

    /// The interface's own addresses: the first one of each range of this node, which no pod gets. The kernel gives them to what it sends or
    /// masquerades on this way, and the other nodes answer over the same way. Without them it takes the uplink's, whose answers would come back
    /// over the uplink, or not at all.
    package static func addressDefects(_ observed: ObservedNetwork, ranges: [CIDR]) -> [NetworkDefect] {
        guard let link = observed.link(named: name)?.index else { return [] }
        let wanted = ranges.map { CIDR(host: $0.first) }
        let present = observed.ownAddresses(of: link)
        let missing = wanted.filter { !present.contains($0) }.map {
            NetworkDefect(found: "\(name) lacks \($0)", wanted: "the node's own address there", remedy: .addOverlayAddress($0, link: link))
        }
        let other = present.filter { !wanted.contains($0) }.map {
            NetworkDefect(
                found: "\(name) has \($0)", wanted: "addresses of this node's podCIDRs only", remedy: .removeOverlayAddress($0, link: link))
        }
        return missing + other
    }

    /// The interface of an earlier configuration.
    static func leftover(_ observed: ObservedNetwork) -> [NetworkDefect] {
        guard let link = observed.link(named: name), link.kind == "vxlan" else { return [] }
        return [NetworkDefect(found: "\(name) is there", wanted: "no VXLAN: network.routing is another", remedy: .removeOverlay(link.index))]
    }
}
