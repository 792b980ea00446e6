/// One part of a rule: a condition or an action.
package enum Statement: Sendable, Hashable {
    /// `ip daddr @set`, `ip daddr . th dport != @set`
    case inSet([Selector], String, inverted: Bool = false)
    /// `meta l4proto tcp`
    case equals(Selector, PackedBytes, inverted: Bool = false)
    /// `ct state new`, `ct status dnat`, `meta mark & 0x4000 != 0`: any of the bits is set.
    case anyBit(Selector, UInt32)
    /// `meta mark set meta mark | 0x4000`
    case setMark(UInt32)
    /// `ip daddr . th dport vmap @map`
    case verdictMap([Selector], String)
    /// `dnat ip to numgen random mod 2 . ip daddr map @map`: the map's value is address . port.
    case destinationNATMap([Selector], String)
    /// `update @set { ip saddr }`
    case update([Selector], String)
    /// `update @map { ip saddr timeout 3h : ip daddr }`: a key that is there keeps its value and gets its time anew (seconds).
    case updateMap([Selector], String, timeout: UInt32, value: [Selector])
    /// `masquerade`, `masquerade fully-random`
    case masquerade(fullyRandom: Bool)
    /// `reject`: ICMP port unreachable.
    case reject
    /// `reject with tcp reset`, for TCP only.
    case resetConnection
    case counter
    /// `meta nftrace set 1`: from here on the kernel tells the packet's way through all tables.
    case trace
    case verdict(Verdict)
    /// Found in the kernel and not wanted: equal to no wanted statement, so that a difference removes it.
    case foreign(String)

    /// The set or map that it reads or writes.
    package var setName: String? {
        switch self {
        case .inSet(_, let name, _), .verdictMap(_, let name), .destinationNATMap(_, let name), .update(_, let name), .updateMap(_, let name, _, _):
            name
        default: nil
        }
    }
}
