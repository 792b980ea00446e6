import CMnl

extension NetworkStack {
    /// Makes a VXLAN interface, switched on.
    package func createVXLAN(_ name: String, mac: MACAddress, mtu: UInt32, _ tunnel: VXLANTunnel) throws(NetlinkError) {
        var message = NetlinkMessage("RTM_NEWLINK", type: RTM_NEWLINK, flags: RouteAttribute.create)
        message.append(Self.header(up: true))
        message.attribute(RouteAttribute.Link.name, string: name)
        message.attribute(RouteAttribute.Link.address, bytes: mac.bytes)
        message.attribute(RouteAttribute.Link.mtu, mtu)
        message.nested(RouteAttribute.Link.info) { info in
            info.attribute(RouteAttribute.Link.infoKind, string: "vxlan")
            info.nested(RouteAttribute.Link.infoData) { tunnel.describe(&$0) }
        }
        do throws(NetlinkError) {
            try socket.transact(message)
        } catch {
            throw error.about(name)
        }
    }
}
