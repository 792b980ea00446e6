/// An address with a prefix length: a range of addresses, or an interface's address within one.
package struct CIDR: Sendable, Hashable {
    package let address: IPAddress
    package let prefixLength: Int

    /// `nil` when the prefix is longer than the address.
    package init?(_ address: IPAddress, prefixLength: Int) {
        guard (0...address.family.bits).contains(prefixLength) else { return nil }
        self.address = address
        self.prefixLength = prefixLength
    }

    /// The whole address: /32 or /128.
    package init(host address: IPAddress) {
        self.address = address
        prefixLength = address.family.bits
    }

    /// 0.0.0.0/0 or ::/0.
    package static func everything(_ family: IPAddress.Family) -> CIDR {
        CIDR(unchecked: IPAddress(family: family, value: 0), prefixLength: 0)
    }

    private init(unchecked address: IPAddress, prefixLength: Int) {
        self.address = address
        self.prefixLength = prefixLength
    }

    package var family: IPAddress.Family { address.family }

    private var hostMask: UInt128 {
        let bits = family.bits - prefixLength
        return bits == 128 ? .max : (1 << UInt128(bits)) - 1
    }

    /// The range's lowest address, with host bits cleared.
    package var first: IPAddress { IPAddress(family: family, value: address.value & ~hostMask) }

    /// The range's highest address; the broadcast address in IPv4.
    package var last: IPAddress { IPAddress(family: family, value: address.value | hostMask) }

    /// The range itself: the same with host bits cleared.
    package var network: CIDR { CIDR(unchecked: first, prefixLength: prefixLength) }

    package func contains(_ other: IPAddress) -> Bool {
        other.family == family && first.value <= other.value && other.value <= last.value
    }

    package func overlaps(_ other: CIDR) -> Bool { contains(other.first) || other.contains(first) }
}

extension CIDR: LosslessStringConvertible {
    /// `10.0.0.0/24`. The prefix is required.
    package init?(_ description: String) {
        let parts = description.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let address = IPAddress(String(parts[0])), parts[1].utf8.allSatisfy({ (48...57).contains($0) }),
            let length = Int(parts[1])
        else { return nil }
        self.init(address, prefixLength: length)
    }

    package var description: String { "\(address)/\(prefixLength)" }
}
