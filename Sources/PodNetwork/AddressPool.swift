package import Addresses

/// The taken addresses of a range. A pure value: only its owner knows about the addresses that it gives out.
///
/// The network address, the gateway (the first address) and the IPv4 broadcast address are never given out. Addresses are
/// given out in order and a freed one comes last, so that a client of a pod that has just ended does not reach its successor.
package struct AddressPool: Sendable, Hashable {
    package let range: CIDR
    private var used: Set<IPAddress> = []
    private var last: UInt128

    /// `nil` when the range has no room for a gateway and a pod (beyond /30 or /126).
    package init?(range: CIDR) {
        guard range.prefixLength <= range.family.bits - 2 else { return nil }
        self.range = range.network
        last = range.first.value + 1
    }

    /// The bridge's own address.
    package var gateway: IPAddress { IPAddress(family: range.family, value: range.first.value + 1) }

    /// The bridge's address with the range's prefix.
    package var gatewayCIDR: CIDR { CIDR(gateway, prefixLength: range.prefixLength) ?? CIDR(host: gateway) }

    private var lowest: UInt128 { range.first.value + 2 }
    private var highest: UInt128 { range.family == .v4 ? range.last.value - 1 : range.last.value }

    /// How many addresses there are for pods, and how many are taken.
    package var capacity: UInt128 { highest - lowest + 1 }
    package var usedCount: Int { used.count }

    package func contains(_ address: IPAddress) -> Bool { range.contains(address) }

    /// The next free address, now taken; `nil` when none is left.
    package mutating func allocate() -> IPAddress? {
        guard UInt128(used.count) < capacity else { return nil }
        var value = last
        // At most one more step than there are taken addresses.
        for _ in 0...used.count {
            value = value >= highest || value < lowest ? lowest : value + 1
            let address = IPAddress(family: range.family, value: value)
            if used.insert(address).inserted {
                last = value
                return address
            }
        }
        return nil
    }

    /// Marks an address as taken, e.g. one found again after a restart. `isLatest`: the search for the next one starts behind it.
    package mutating func take(_ address: IPAddress, isLatest: Bool = false) {
        guard contains(address), address.value >= lowest, address.value <= highest else { return }
        used.insert(address)
        if isLatest { last = address.value }
    }

    package mutating func free(_ address: IPAddress) { used.remove(address) }
}
