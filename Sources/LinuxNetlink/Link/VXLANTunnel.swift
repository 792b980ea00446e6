package import Addresses

/// The properties of a VXLAN interface: frames go as UDP datagrams to other hosts, which its forwarding entries name.
package struct VXLANTunnel: Sendable, Hashable {
    /// The network identifier, 24 bits.
    package var id: UInt32
    /// The source address of the datagrams.
    package var local: IPAddress?
    /// The UDP port of the other hosts and of this one.
    package var port: UInt16
    /// Whether it learns the places of link addresses from what arrives.
    package var isLearning: Bool

    package init(id: UInt32, local: IPAddress?, port: UInt16, isLearning: Bool = false) {
        self.id = id
        self.local = local
        self.port = port
        self.isLearning = isLearning
    }

    /// The bytes that a datagram adds to a packet: outer IP header, UDP, VXLAN and inner Ethernet header.
    package static func overhead(_ underlay: IPAddress.Family) -> UInt32 { underlay == .v4 ? 50 : 70 }

    init(_ data: NetlinkAttributes) {
        self.init(id: 0, local: nil, port: 0)
        for attribute in data {
            switch attribute.type {
            case RouteAttribute.VXLAN.id: id = attribute.uint32 ?? 0
            case RouteAttribute.VXLAN.local, RouteAttribute.VXLAN.local6:
                let address = IPAddress(bytes: attribute.bytes)
                if let address, !address.isUnspecified { local = address }
            case RouteAttribute.VXLAN.port: port = attribute.bigEndian16 ?? 0
            case RouteAttribute.VXLAN.learning: isLearning = attribute.uint8 == 1
            default: break
            }
        }
    }

    func describe(_ message: inout NetlinkMessage) {
        message.attribute(RouteAttribute.VXLAN.id, id)
        if let local { message.attribute(local.family == .v4 ? RouteAttribute.VXLAN.local : RouteAttribute.VXLAN.local6, bytes: local.bytes) }
        message.attribute(RouteAttribute.VXLAN.learning, UInt8(isLearning ? 1 : 0))
        message.attribute(RouteAttribute.VXLAN.port, bigEndian: port)
    }
}

extension RouteAttribute {
    enum VXLAN {
        static let id: UInt16 = 1  // IFLA_VXLAN_ID
        static let local: UInt16 = 4  // IFLA_VXLAN_LOCAL
        static let learning: UInt16 = 7  // IFLA_VXLAN_LEARNING
        static let port: UInt16 = 15  // IFLA_VXLAN_PORT
        static let local6: UInt16 = 17  // IFLA_VXLAN_LOCAL6
    }
}
