import CMnl

/// A network interface.
package struct Link: Sendable, Hashable {
    /// The index of a namespace's loopback interface, which the kernel makes with the namespace.
    package static let loopback: UInt32 = 1

    package let index: UInt32
    package let name: String
    /// `bridge`, `veth`, `vxlan`, ...; empty for hardware and loopback.
    package let kind: String
    package let mac: MACAddress?
    package let mtu: UInt32
    /// The bridge or bond that it is a port of.
    package let master: UInt32?
    /// Switched on by the administrator (IFF_UP).
    package let isUp: Bool
    /// Up, and its carrier as well (operational state up or unknown).
    package let isRunning: Bool
    package let isLoopback: Bool
    package let isPromiscuous: Bool
    /// The other end of a veth, by its index in that end's namespace.
    package let peer: UInt32?
    /// Whether a bridge port sends frames back out where they came in.
    package let isHairpin: Bool
    /// Of a VXLAN interface.
    package let tunnel: VXLANTunnel?

    package init(
        index: UInt32, name: String, kind: String = "", mac: MACAddress? = nil, mtu: UInt32 = 1500, master: UInt32? = nil, isUp: Bool = true,
        isRunning: Bool = true, isLoopback: Bool = false, isPromiscuous: Bool = false, peer: UInt32? = nil, isHairpin: Bool = false,
        tunnel: VXLANTunnel? = nil
    ) {
        self.index = index
        self.name = name
        self.kind = kind
        self.mac = mac
        self.mtu = mtu
        self.master = master
        self.isUp = isUp
        self.isRunning = isRunning
        self.isLoopback = isLoopback
        self.isPromiscuous = isPromiscuous
        self.peer = peer
        self.isHairpin = isHairpin
        self.tunnel = tunnel
    }

    init?(_ reply: NetlinkReply) {
        guard Int(reply.type) == RTM_NEWLINK, let header = reply.header(as: ifinfomsg.self) else { return nil }
        var name = ""
        var kind = ""
        var mac: MACAddress?
        var mtu: UInt32 = 0
        var master: UInt32?
        var peer: UInt32?
        var hairpin = false
        var tunnel: VXLANTunnel?
        for attribute in reply.attributes(after: ifinfomsg.self) {
            switch attribute.type {
            case RouteAttribute.Link.name: name = attribute.string
            case RouteAttribute.Link.address: mac = MACAddress(bytes: attribute.bytes)
            case RouteAttribute.Link.mtu: mtu = attribute.uint32 ?? 0
            case RouteAttribute.Link.master: master = attribute.uint32
            case RouteAttribute.Link.link: peer = attribute.uint32
            case RouteAttribute.Link.info:
                kind = attribute.nested[RouteAttribute.Link.infoKind]?.string ?? ""
                if kind == "vxlan" { tunnel = attribute.nested[RouteAttribute.Link.infoData].map { VXLANTunnel($0.nested) } }
                hairpin = attribute.nested[RouteAttribute.Link.infoPortData]?.nested[RouteAttribute.Link.bridgePortHairpin]?.uint8 == 1
            default: break
            }
        }
        index = UInt32(bitPattern: header.ifi_index)
        self.name = name
        self.kind = kind
        self.mac = mac
        self.mtu = mtu
        self.master = master
        self.peer = peer
        isHairpin = hairpin
        self.tunnel = tunnel
        isUp = header.ifi_flags & LinkFlag.up != 0
        isRunning = header.ifi_flags & LinkFlag.running != 0
        isLoopback = header.ifi_flags & LinkFlag.loopback != 0
        isPromiscuous = header.ifi_flags & LinkFlag.promiscuous != 0
    }
}

/// Interface flags; <net/if.h> and <linux/if.h> cannot both be imported.
enum LinkFlag {
    static let up: UInt32 = 0x1
    static let loopback: UInt32 = 0x8
    static let running: UInt32 = 0x40
    static let promiscuous: UInt32 = 0x100
}
