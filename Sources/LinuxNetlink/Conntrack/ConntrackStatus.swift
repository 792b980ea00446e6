import CMnl

/// Bits of a tracked connection's status (IPS_*).
package struct ConntrackStatus: OptionSet, Sendable, Hashable {
    package let rawValue: UInt32

    package init(rawValue: UInt32) { self.rawValue = rawValue }

    package static let answered = ConntrackStatus(rawValue: IPS_SEEN_REPLY.rawValue)
    package static let destinationTranslated = ConntrackStatus(rawValue: IPS_DST_NAT.rawValue)
}
