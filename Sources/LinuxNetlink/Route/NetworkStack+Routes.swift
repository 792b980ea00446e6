package import Addresses
import CMnl

extension NetworkStack {
    /// Unicast routes of both families in all tables.
    package func routes() throws(NetlinkError) -> [Route] {
        var message = NetlinkMessage("RTM_GETROUTE", type: RTM_GETROUTE)
        message.append(rtmsg())
        return try socket.dump(message).compactMap(Route.init)
    }

    /// Returns the address that packets of this host to `destination` would have; `nil` where no route leads there. No packet is sent.
    package func source(towards destination: IPAddress) throws(NetlinkError) -> IPAddress? {
        var message = NetlinkMessage("RTM_GETROUTE", type: RTM_GETROUTE)
        var header = rtmsg()
        header.rtm_family = destination.family.number
        header.rtm_dst_len = UInt8(destination.family.bits)
        message.append(header)
        message.attribute(RouteAttribute.Route.destination, bytes: destination.bytes)
        do throws(NetlinkError) {
            let attributes = try socket.query(message).attributes(after: rtmsg.self)
            return attributes[RouteAttribute.Route.preferredSource].flatMap { IPAddress(bytes: $0.bytes) }
        } catch {
            // No route, or one that refuses packets.
            guard error.code == .refused else { throw error.about("route to \(destination)") }
            return nil
        }
    }

    /// Makes the route and replaces one with the same destination, table and priority.
    package func replaceRoute(_ route: Route) throws(NetlinkError) {
        try transact("RTM_NEWROUTE", RTM_NEWROUTE, RouteAttribute.replace, route)
    }

    /// Removes a route; succeeds if it does not exist.
    package func deleteRoute(_ route: Route) throws(NetlinkError) {
        do throws(NetlinkError) {
            try transact("RTM_DELROUTE", RTM_DELROUTE, 0, route)
        } catch {
            guard error.isNotFound else { throw error }
        }
    }

    private func transact(_ name: String, _ type: some BinaryInteger, _ flags: Int32, _ route: Route) throws(NetlinkError) {
        var message = NetlinkMessage(name, type: type, flags: flags)
        var header = rtmsg()
        header.rtm_family = route.destination.family.number
        header.rtm_dst_len = UInt8(route.destination.prefixLength)
        header.rtm_table = UInt8(clamping: route.table)
        header.rtm_protocol = route.origin
        header.rtm_type = UInt8(RTN_UNICAST)
        // Directly on the link, or further away behind a gateway. IPv6 has no scopes.
        header.rtm_scope = UInt8(truncatingIfNeeded: route.gateway == nil ? RT_SCOPE_LINK.rawValue : RT_SCOPE_UNIVERSE.rawValue)
        header.rtm_flags = route.isOnLink ? RouteAttribute.Route.onLink : 0
        message.append(header)
        if !route.isDefault { message.attribute(RouteAttribute.Route.destination, bytes: route.destination.first.bytes) }
        if let gateway = route.gateway { message.attribute(RouteAttribute.Route.gateway, bytes: gateway.bytes) }
        if let link = route.link { message.attribute(RouteAttribute.Route.outputLink, link) }
        if let source = route.source { message.attribute(RouteAttribute.Route.preferredSource, bytes: source.bytes) }
        if route.priority != 0 { message.attribute(RouteAttribute.Route.priority, route.priority) }
        if route.table > 255 { message.attribute(RouteAttribute.Route.table, route.table) }
        do throws(NetlinkError) {
            try socket.transact(message)
        } catch {
            throw error.about(route.isDefault ? "default route" : "route to \(route.destination.network)")
        }
    }
}
