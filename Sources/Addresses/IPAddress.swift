/// An IPv4 or IPv6 address. Ordered by family, then by value.
package struct IPAddress: Sendable, Hashable {
    package enum Family: Sendable, Hashable, CaseIterable {
        case v4, v6

        /// Bytes of an address.
        package var size: Int { self == .v4 ? 4 : 16 }
        /// Bits of an address, which is the longest prefix.
        package var bits: Int { size * 8 }
        /// 0.0.0.0 or ::
        package var unspecified: IPAddress { IPAddress(family: self, value: 0) }
    }

    /// The address as a number; an IPv4 address in the lowest 32 bits.
    package let value: UInt128
    package let family: Family

    package init(family: Family, value: UInt128) {
        self.family = family
        self.value = family == .v4 ? value & 0xffff_ffff : value
    }

    /// In network byte order. `nil` unless there are 4 or 16 bytes.
    package init?(bytes: some Collection<UInt8>) {
        switch bytes.count {
        case 4: family = .v4
        case 16: family = .v6
        default: return nil
        }
        value = bytes.reduce(0) { $0 << 8 | UInt128($1) }
    }

    /// In network byte order.
    package var bytes: [UInt8] {
        withUnsafeBytes(of: value.bigEndian) { Array($0.suffix(family.size)) }
    }

    package var isV6: Bool { family == .v6 }

    /// 127.0.0.0/8 or ::1.
    package var isLoopback: Bool { family == .v4 ? value >> 24 == 127 : value == 1 }

    /// 169.254.0.0/16 or fe80::/10, valid on one link only.
    package var isLinkLocal: Bool { family == .v4 ? value >> 16 == 0xa9fe : value >> 118 == 0x3fa }

    /// 224.0.0.0/4 or ff00::/8.
    package var isMulticast: Bool { family == .v4 ? value >> 28 == 0xe : value >> 120 == 0xff }

    /// 0.0.0.0 or ::, which stands for every address of the family where something listens or is forwarded.
    package var isUnspecified: Bool { value == 0 }
}

extension IPAddress: Comparable {
    package static func < (left: IPAddress, right: IPAddress) -> Bool {
        left.family == right.family ? left.value < right.value : left.family == .v4
    }
}
