import CMnl
import Glibc
import LinuxSystem

extension NetworkStack {
    /// All interfaces.
    package func links() throws(NetlinkError) -> [Link] {
        var message = NetlinkMessage("RTM_GETLINK", type: RTM_GETLINK)
        message.append(ifinfomsg())
        return try socket.dump(message).compactMap(Link.init)
    }

    /// Returns the interface of that name, `nil` if it does not exist.
    package func link(named name: String) throws(NetlinkError) -> Link? {
        try link(object: name) { $0.attribute(RouteAttribute.Link.name, string: name) }
    }

    /// Returns the interface with that index, `nil` if it does not exist.
    package func link(index: UInt32) throws(NetlinkError) -> Link? {
        try link(object: "index \(index)", index: index) { _ in }
    }

    private func link(
        object: String, index: UInt32 = 0, _ attributes: (inout NetlinkMessage) -> Void
    ) throws(NetlinkError) -> Link? {
        var message = NetlinkMessage("RTM_GETLINK", type: RTM_GETLINK)
        message.append(Self.header(index: index))
        attributes(&message)
        do throws(NetlinkError) {
            let reply = try socket.query(message)
            guard let link = Link(reply) else {
                throw NetlinkError(code: .malformed, operation: message.name, object: object)
            }
            return link
        } catch {
            if error.isNotFound { return nil }
            throw error.about(object)
        }
    }

    /// Returns the bridge of that name and makes it if it does not exist. Its link address is fixed, because it would change with its ports otherwise.
    /// - Throws: EEXIST when the name belongs to an interface of another kind.
    package func ensureBridge(_ name: String, mac: MACAddress, mtu: UInt32) throws(NetlinkError) -> Link {
        var message = NetlinkMessage("RTM_NEWLINK", type: RTM_NEWLINK, flags: RouteAttribute.create)
        message.append(Self.header(up: true))
        message.attribute(RouteAttribute.Link.name, string: name)
        message.attribute(RouteAttribute.Link.address, bytes: mac.bytes)
        message.attribute(RouteAttribute.Link.mtu, mtu)
        message.nested(RouteAttribute.Link.info) { $0.attribute(RouteAttribute.Link.infoKind, string: "bridge") }
        do throws(NetlinkError) {
            try socket.transact(message)
        } catch {
            guard error.isAlreadyThere else { throw error.about(name) }
        }
        guard let link = try link(named: name) else {
            throw NetlinkError(code: .refused, operation: message.name, object: name, kernelText: "the bridge is gone again")
        }
        guard link.kind == "bridge" else {
            throw NetlinkError(
                code: .refused, operation: message.name, object: name, errno: EEXIST,
                kernelText: "wanted a bridge, found an interface of kind \(link.kind.isEmpty ? "(none)" : link.kind) with this name")
        }
        var change = LinkChange()
        if !link.isUp { change.up = true }
        if link.mtu != mtu { change.mtu = mtu }
        if link.mac != mac { change.mac = mac }
        if change == LinkChange() { return link }
        try setLink(link.index, change)
        return try self.link(index: link.index) ?? link
    }

    /// Makes a veth pair: one end here, switched on, the other directly in `peer.namespace`, switched off. The kernel makes the
    /// peer before it has another end and would refuse to switch it on (ENOTCONN).
    package func createVeth(_ end: VethEnd, peer: VethEnd) throws(NetlinkError) {
        var message = NetlinkMessage("RTM_NEWLINK", type: RTM_NEWLINK, flags: RouteAttribute.create)
        message.append(Self.header(up: true))
        Self.describe(end, &message)
        message.nested(RouteAttribute.Link.info) { info in
            info.attribute(RouteAttribute.Link.infoKind, string: "veth")
            info.nested(RouteAttribute.Link.infoData) { data in
                data.nested(RouteAttribute.Link.vethPeer) { inner in
                    inner.append(Self.header())
                    Self.describe(peer, &inner)
                }
            }
        }
        do throws(NetlinkError) {
            try socket.transact(message)
        } catch {
            throw error.about(end.name)
        }
    }

    private static func describe(_ end: VethEnd, _ message: inout NetlinkMessage) {
        message.attribute(RouteAttribute.Link.name, string: end.name)
        if let mac = end.mac { message.attribute(RouteAttribute.Link.address, bytes: mac.bytes) }
        if let mtu = end.mtu { message.attribute(RouteAttribute.Link.mtu, mtu) }
        if let master = end.master { message.attribute(RouteAttribute.Link.master, master) }
        if let namespace = end.namespace { message.attribute(RouteAttribute.Link.namespaceDescriptor, UInt32(bitPattern: namespace.rawValue)) }
    }

    /// Changes the fields that `change` sets and leaves the others.
    package func setLink(_ index: UInt32, _ change: LinkChange) throws(NetlinkError) {
        var message = NetlinkMessage("RTM_NEWLINK", type: RTM_NEWLINK)
        var header = Self.header(index: index)
        if let up = change.up {
            header.ifi_change |= LinkFlag.up
            header.ifi_flags |= up ? LinkFlag.up : 0
        }
        if let promiscuous = change.promiscuous {
            header.ifi_change |= LinkFlag.promiscuous
            header.ifi_flags |= promiscuous ? LinkFlag.promiscuous : 0
        }
        message.append(header)
        if let mtu = change.mtu { message.attribute(RouteAttribute.Link.mtu, mtu) }
        if let mac = change.mac { message.attribute(RouteAttribute.Link.address, bytes: mac.bytes) }
        if let name = change.name { message.attribute(RouteAttribute.Link.name, string: name) }
        if let master = change.master { message.attribute(RouteAttribute.Link.master, master) }
        if let hairpin = change.hairpin {
            message.nested(RouteAttribute.Link.info) { info in
                info.attribute(RouteAttribute.Link.infoPortKind, string: "bridge")
                info.nested(RouteAttribute.Link.infoPortData) {
                    $0.attribute(RouteAttribute.Link.bridgePortHairpin, UInt8(hairpin ? 1 : 0))
                }
            }
        }
        do throws(NetlinkError) {
            try socket.transact(message)
        } catch {
            throw error.about("link \(index)")
        }
    }

    /// Removes an interface; succeeds if it does not exist. Removing a veth waits for the kernel (about 17 ms).
    package func deleteLink(_ index: UInt32) throws(NetlinkError) {
        var message = NetlinkMessage("RTM_DELLINK", type: RTM_DELLINK)
        message.append(Self.header(index: index))
        do throws(NetlinkError) {
            try socket.transact(message)
        } catch {
            if error.isNotFound { return }
            throw error.about("link \(index)")
        }
    }

    static func header(index: UInt32 = 0, up: Bool = false) -> ifinfomsg {
        var header = ifinfomsg()
        header.ifi_index = Int32(bitPattern: index)
        if up {
            header.ifi_flags = LinkFlag.up
            header.ifi_change = LinkFlag.up
        }
        return header
    }
}
