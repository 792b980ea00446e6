package import Addresses
import CMnl
import Glibc

/// The place of a link address behind a VXLAN interface: the host to which its frames go.
package struct ForwardingEntry: Sendable, Hashable {
    package let link: UInt32
    package let mac: MACAddress
    package let host: IPAddress

    package init(link: UInt32, mac: MACAddress, host: IPAddress) {
        self.link = link
        self.mac = mac
        self.host = host
    }

    init?(_ reply: NetlinkReply) {
        guard Int(reply.type) == RTM_NEWNEIGH, let header = reply.header(as: ndmsg.self) else { return nil }
        let attributes = reply.attributes(after: ndmsg.self)
        guard let mac = attributes[RouteAttribute.Neighbour.linkAddress].flatMap({ MACAddress(bytes: $0.bytes) }),
            let host = attributes[RouteAttribute.Neighbour.destination].flatMap({ IPAddress(bytes: $0.bytes) })
        else { return nil }
        self.init(link: UInt32(bitPattern: header.ndm_ifindex), mac: mac, host: host)
    }
}

extension NetworkStack {
    /// The forwarding entries of one interface.
    package func forwardingEntries(of link: UInt32) throws(NetlinkError) -> [ForwardingEntry] {
        var message = NetlinkMessage("RTM_GETNEIGH", type: RTM_GETNEIGH)
        var header = ndmsg()
        header.ndm_family = UInt8(AF_BRIDGE)
        header.ndm_ifindex = Int32(bitPattern: link)
        message.append(header)
        return try socket.dump(message).compactMap(ForwardingEntry.init).filter { $0.link == link }
    }

    /// Makes the entry and replaces an earlier one for the link address.
    package func replaceForwardingEntry(_ entry: ForwardingEntry) throws(NetlinkError) {
        try transact("RTM_NEWNEIGH", RTM_NEWNEIGH, RouteAttribute.replace, entry)
    }

    /// Removes an entry; succeeds if it does not exist.
    package func deleteForwardingEntry(_ entry: ForwardingEntry) throws(NetlinkError) {
        do throws(NetlinkError) {
            try transact("RTM_DELNEIGH", RTM_DELNEIGH, 0, entry)
        } catch {
            guard error.isNotFound else { throw error }
        }
    }

    private func transact(_ name: String, _ type: some BinaryInteger, _ flags: Int32, _ entry: ForwardingEntry) throws(NetlinkError) {
        var message = NetlinkMessage(name, type: type, flags: flags)
        var header = ndmsg()
        header.ndm_family = UInt8(AF_BRIDGE)
        header.ndm_ifindex = Int32(bitPattern: entry.link)
        // NUD_NOARP: an entry that does not age.
        header.ndm_state = Neighbour.permanentState | 0x40
        header.ndm_flags = 0x02  // NTF_SELF: of the interface itself, not of a bridge that it is a port of.
        message.append(header)
        message.attribute(RouteAttribute.Neighbour.linkAddress, bytes: entry.mac.bytes)
        message.attribute(RouteAttribute.Neighbour.destination, bytes: entry.host.bytes)
        do throws(NetlinkError) {
            try socket.transact(message)
        } catch {
            throw error.about("forwarding entry \(entry.mac)")
        }
    }
}
