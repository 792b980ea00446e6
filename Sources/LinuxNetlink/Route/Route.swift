package import Addresses
import CMnl

/// A unicast route.
package struct Route: Sendable, Hashable {
    /// Where it leads; a prefix length of 0 is the default route.
    package var destination: CIDR
    package var gateway: IPAddress?
    package var link: UInt32?
    /// The address that packets from this host get.
    package var source: IPAddress?
    package var table: UInt32 = Route.mainTable
    /// The metric: lower is preferred. 0 leaves it to the kernel (IPv6: 1024).
    package var priority: UInt32 = 0
    /// The gateway counts as reachable on the link although no route says so.
    package var isOnLink = false
    /// The kind of program that made it (RTPROT_*).
    package var origin: UInt8 = Route.administrator

    /// The table of ordinary routes.
    package static let mainTable = UInt32(RT_TABLE_MAIN.rawValue)
    /// A route that was set by hand or by a program like this one.
    package static let administrator = UInt8(RTPROT_STATIC)
    /// A route that the kernel made with an interface's address.
    package static let kernel = UInt8(RTPROT_KERNEL)

    package init(
        to destination: CIDR, via gateway: IPAddress? = nil, link: UInt32? = nil, source: IPAddress? = nil, isOnLink: Bool = false,
        origin: UInt8 = Route.administrator
    ) {
        self.destination = destination
        self.gateway = gateway
        self.link = link
        self.source = source
        self.isOnLink = isOnLink
        self.origin = origin
    }

    package var isDefault: Bool { destination.prefixLength == 0 }

    init?(_ reply: NetlinkReply) {
        guard [RTM_NEWROUTE, RTM_DELROUTE].contains(Int(reply.type)), let header = reply.header(as: rtmsg.self),
            let family = IPAddress.Family(number: header.rtm_family), Int(header.rtm_type) == RTN_UNICAST
        else { return nil }
        var destination: IPAddress?
        table = UInt32(header.rtm_table)
        for attribute in reply.attributes(after: rtmsg.self) {
            switch attribute.type {
            case RouteAttribute.Route.destination: destination = IPAddress(bytes: attribute.bytes)
            case RouteAttribute.Route.gateway: gateway = IPAddress(bytes: attribute.bytes)
            case RouteAttribute.Route.outputLink: link = attribute.uint32
            case RouteAttribute.Route.preferredSource: source = IPAddress(bytes: attribute.bytes)
            case RouteAttribute.Route.priority: priority = attribute.uint32 ?? 0
            case RouteAttribute.Route.table: table = attribute.uint32 ?? table
            default: break
            }
        }
        guard let cidr = CIDR(destination ?? family.unspecified, prefixLength: Int(header.rtm_dst_len)) else { return nil }
        self.destination = cidr
        isOnLink = header.rtm_flags & RouteAttribute.Route.onLink != 0
        origin = header.rtm_protocol
    }
}
