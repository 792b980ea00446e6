/// An address with a prefix length: a range of addresses, or an interface's address within one.
package struct CIDR: Sendable, Hashable {
    /// May have bits behind the prefix; `network` clears them.
    package let address: IPAddress
    package let prefixLength: Int

    /// `nil` when the prefix is longer than the address.
    package init?(_ address: IPAddress, prefixLength: Int) {
        guard (0...address.family.bits).contains(prefixLength) else { return nil }
        self.init(unchecked: address, prefixLength: prefixLength)
    }

    /// The whole address: /32 or /128.
    package init(host address: IPAddress) {
        self.init(unchecked: address, prefixLength: address.family.bits)
    }

    /// 0.0.0.0/0 or ::/0.
    package static func everything(_ family: IPAddress.Family) -> CIDR {
        CIDR(unchecked: family.unspecified, prefixLength: 0)
    }

    private init(unchecked address: IPAddress, prefixLength: Int) {
        self.address = address
        self.prefixLength = prefixLength
    }

    package var family: IPAddress.Family { address.family }

    private var hostMask: UInt128 { UInt128.max >> UInt128(128 - family.bits + prefixLength) }

    /// The range's lowest address.
    package var first: IPAddress { IPAddress(family: family, value: address.value & ~hostMask) }

    /// The range's highest address; the broadcast address in IPv4.
    package var last: IPAddress { IPAddress(family: family, value: address.value | hostMask) }

    /// The range itself, with the bits behind the prefix cleared.
    package var network: CIDR { CIDR(unchecked: first, prefixLength: prefixLength) }

    package func contains(_ other: IPAddress) -> Bool {
        other.family == family && first.value <= other.value && other.value <= last.value
    }

    package func contains(_ other: CIDR) -> Bool { other.prefixLength >= prefixLength && contains(other.first) }

    package func overlaps(_ other: CIDR) -> Bool { contains(other.first) || other.contains(first) }
}

extension CIDR: LosslessStringConvertible {
    /// Reads `10.0.0.0/24`. The length is required; bits behind the prefix are kept.
    package init?(_ text: some StringProtocol) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let address = IPAddress(parts[0]),
            parts[1].utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }), let length = Int(parts[1])
        else { return nil }
        self.init(address, prefixLength: length)
    }

    package var description: String { "\(address)/\(prefixLength)" }
}
