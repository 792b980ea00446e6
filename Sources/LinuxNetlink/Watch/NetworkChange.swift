import CMnl
package import LinuxSystem

/// A change in a network namespace, as the kernel reports it.
package enum NetworkChange: Sendable, Hashable {
    /// An interface is new, or one of its properties is.
    case link(Link)
    case linkRemoved(index: UInt32, name: String)
    /// An address has come or gone. `isGlobal`: it is valid beyond its link.
    case address(link: UInt32, isGlobal: Bool)
    /// A unicast route has gone, or a default route has come.
    case routeRemoved(Route)
    case defaultRoute(Route)
    /// Forwarding was switched on or off, or a new interface has begun with that; without a link for all interfaces.
    case forwarding(Bool, link: UInt32?)
    /// Another setting of an interface, such as rp_filter, or of all.
    case setting(link: UInt32?)

    init?(_ reply: NetlinkReply) {
        switch Int(reply.type) {
        case RTM_NEWLINK:
            guard let link = Link(reply) else { return nil }
            self = .link(link)
        case RTM_DELLINK:
            guard let header = reply.header(as: ifinfomsg.self) else { return nil }
            let name = reply.attributes(after: ifinfomsg.self)[RouteAttribute.Link.name]?.string ?? ""
            self = .linkRemoved(index: UInt32(bitPattern: header.ifi_index), name: name)
        case RTM_NEWADDR, RTM_DELADDR:
            guard let header = reply.header(as: ifaddrmsg.self) else { return nil }
            self = .address(link: header.ifa_index, isGlobal: header.ifa_scope == InterfaceAddress.globalScope)
        case RTM_DELROUTE:
            guard let route = Route(reply) else { return nil }
            self = .routeRemoved(route)
        case RTM_NEWROUTE:
            guard let route = Route(reply), route.isDefault else { return nil }
            self = .defaultRoute(route)
        case RTM_NEWNETCONF:
            // struct netconfmsg is one byte, the family.
            let attributes = reply.attributes(after: UInt8.self)
            guard let number = attributes[RouteAttribute.Setting.link]?.uint32 else { return nil }
            // Below zero: all interfaces, or those to come.
            let link = Int32(bitPattern: number) < 0 ? nil : number
            if let forwarding = attributes[RouteAttribute.Setting.forwarding]?.uint32 {
                self = .forwarding(forwarding != 0, link: link)
            } else {
                self = .setting(link: link)
            }
        default: return nil
        }
    }

    /// Returns a stream with a value after a change of interest in the calling thread's namespace or in `namespace`, or when changes were
    /// missed. Several may be one value.
    package static func stream(
        in namespace: OwnedFileDescriptor? = nil, isOfInterest: @escaping @Sendable (NetworkChange) -> Bool
    ) throws -> AsyncStream<Void> {
        // A burst of pods should not overrun the buffer at once; an overrun only costs one more look.
        let socket = try open(namespace, receiveBuffer: 1 << 20)
        for group in [
            RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR, RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE, RTNLGRP_IPV4_NETCONF,
            RTNLGRP_IPV6_NETCONF,
        ] { try socket.join(group.rawValue) }
        return try NotificationStream.stream(socket) { reply in NetworkChange(reply).map(isOfInterest) ?? false }
    }

    private static func open(_ namespace: OwnedFileDescriptor?, receiveBuffer: Int) throws(NetlinkError) -> NetlinkSocket {
        guard let namespace else { return try NetlinkSocket(.route, receiveBuffer: receiveBuffer) }
        return try namespace.withRawValue { (number) throws(NetlinkError) in
            try NetlinkSocket(.route, namespace: number, receiveBuffer: receiveBuffer)
        }
    }
}

extension RouteAttribute {
    enum Setting {
        static let link: UInt16 = 1  // NETCONFA_IFINDEX
        static let forwarding: UInt16 = 2  // NETCONFA_FORWARDING
    }
}
