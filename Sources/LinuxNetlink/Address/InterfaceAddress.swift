package import Addresses
import CMnl

/// An address on an interface.
package struct InterfaceAddress: Sendable, Hashable {
    package let link: UInt32
    /// The address with the prefix of its range.
    package let cidr: CIDR
    /// How far the address is valid (RT_SCOPE_*).
    package let scope: UInt8
    /// Set without a lifetime, not learned from a router.
    package let isPermanent: Bool

    /// RT_SCOPE_UNIVERSE: valid beyond the link.
    package var isGlobal: Bool { scope == Self.globalScope }

    static let globalScope: UInt8 = 0

    package init(link: UInt32, cidr: CIDR, scope: UInt8 = 0, isPermanent: Bool = true) {
        self.link = link
        self.cidr = cidr
        self.scope = scope
        self.isPermanent = isPermanent
    }

    init?(_ reply: NetlinkReply) {
        guard Int(reply.type) == RTM_NEWADDR, let header = reply.header(as: ifaddrmsg.self) else { return nil }
        var local: IPAddress?
        var address: IPAddress?
        var flags = UInt32(header.ifa_flags)
        for attribute in reply.attributes(after: ifaddrmsg.self) {
            switch attribute.type {
            case RouteAttribute.Address.local: local = IPAddress(bytes: attribute.bytes)
            case RouteAttribute.Address.address: address = IPAddress(bytes: attribute.bytes)
            case RouteAttribute.Address.flags: flags = attribute.uint32 ?? flags
            default: break
            }
        }
        // IFA_LOCAL is the interface's own; IFA_ADDRESS is the other end's on a point-to-point link, and all that IPv6 sends.
        guard let own = local ?? address, let cidr = CIDR(own, prefixLength: Int(header.ifa_prefixlen)) else { return nil }
        link = header.ifa_index
        self.cidr = cidr
        scope = header.ifa_scope
        isPermanent = flags & RouteAttribute.Address.permanent != 0
    }
}
