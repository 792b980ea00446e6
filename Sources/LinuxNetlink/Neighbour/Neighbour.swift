package import Addresses
import CMnl

/// An entry of the neighbour table (ARP, NDP).
package struct Neighbour: Sendable, Hashable {
    package let link: UInt32
    package let address: IPAddress
    package let mac: MACAddress?
    /// Set by a program and never verified again (NUD_PERMANENT).
    package let isPermanent: Bool

    package init(link: UInt32, address: IPAddress, mac: MACAddress, isPermanent: Bool = true) {
        self.link = link
        self.address = address
        self.mac = mac
        self.isPermanent = isPermanent
    }

    init?(_ reply: NetlinkReply) {
        guard Int(reply.type) == RTM_NEWNEIGH, let header = reply.header(as: ndmsg.self) else { return nil }
        let attributes = reply.attributes(after: ndmsg.self)
        guard let address = attributes[RouteAttribute.Neighbour.destination].flatMap({ IPAddress(bytes: $0.bytes) }) else { return nil }
        self.address = address
        mac = attributes[RouteAttribute.Neighbour.linkAddress].flatMap { MACAddress(bytes: $0.bytes) }
        link = UInt32(bitPattern: header.ndm_ifindex)
        isPermanent = header.ndm_state & Self.permanentState != 0
    }

    static let permanentState: UInt16 = 0x80
    static let reachableState: UInt16 = 0x02
}
