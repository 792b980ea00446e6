package import Addresses
import CMnl

/// One tracked connection: the way of its first packet, and that of the answers.
package struct ConntrackFlow: Sendable, Hashable {
    /// One direction of a connection. Ports are 0 for protocols without them.
    package struct Tuple: Sendable, Hashable {
        package let source: IPAddress
        package let destination: IPAddress
        package let sourcePort: UInt16
        package let destinationPort: UInt16
    }

    /// The IP protocol number.
    package let transport: UInt8
    package let original: Tuple
    package let reply: Tuple
    package let status: ConntrackStatus

    /// The connection's name to the kernel, exactly as it was read: the original tuple, the zone, the identifier.
    let tuple: [UInt8]
    let zone: UInt16?
    let identifier: UInt32?

    package var isDestinationTranslated: Bool { status.contains(.destinationTranslated) }

    /// `nil` unless the message is about a connection of IPv4 or IPv6.
    init?(_ reply: NetlinkReply) {
        let attributes = reply.attributes(after: nfgenmsg.self)
        guard let originalTuple = attributes[CTA_TUPLE_ORIG.rawValue], let replyTuple = attributes[CTA_TUPLE_REPLY.rawValue],
            let original = Self.parse(originalTuple.nested), let answer = Self.parse(replyTuple.nested)
        else { return nil }
        transport = original.transport
        self.original = original.tuple
        self.reply = answer.tuple
        status = ConntrackStatus(rawValue: attributes[CTA_STATUS.rawValue]?.bigEndian32 ?? 0)
        tuple = Array(originalTuple.bytes)
        zone = attributes[CTA_ZONE.rawValue]?.uint16
        identifier = attributes[CTA_ID.rawValue]?.uint32
    }

    private static func parse(_ attributes: NetlinkAttributes) -> (tuple: Tuple, transport: UInt8)? {
        guard let ip = attributes[CTA_TUPLE_IP.rawValue]?.nested, let transport = attributes[CTA_TUPLE_PROTO.rawValue]?.nested,
            let number = transport[CTA_PROTO_NUM.rawValue]?.uint8,
            let source = (ip[CTA_IP_V4_SRC.rawValue] ?? ip[CTA_IP_V6_SRC.rawValue]).flatMap({ IPAddress(bytes: $0.bytes) }),
            let destination = (ip[CTA_IP_V4_DST.rawValue] ?? ip[CTA_IP_V6_DST.rawValue]).flatMap({ IPAddress(bytes: $0.bytes) })
        else { return nil }
        let tuple = Tuple(
            source: source, destination: destination, sourcePort: transport[CTA_PROTO_SRC_PORT.rawValue]?.bigEndian16 ?? 0,
            destinationPort: transport[CTA_PROTO_DST_PORT.rawValue]?.bigEndian16 ?? 0)
        return (tuple, number)
    }
}
