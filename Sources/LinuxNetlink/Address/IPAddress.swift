import Glibc

/// An IPv4 or IPv6 address. Ordered by family, then by value.
package struct IPAddress: Sendable, Hashable {
    package enum Family: Sendable, Hashable, CaseIterable {
        case v4, v6

        /// Bytes of an address.
        package var size: Int { self == .v4 ? 4 : 16 }
        /// Bits of an address, the longest prefix.
        package var bits: Int { size * 8 }
        /// AF_INET or AF_INET6.
        package var number: UInt8 { UInt8(self == .v4 ? AF_INET : AF_INET6) }

        package init?(number: UInt8) {
            switch Int32(number) {
            case AF_INET: self = .v4
            case AF_INET6: self = .v6
            default: return nil
            }
        }
    }

    package let family: Family
    /// The address as a number; an IPv4 address in the lowest 32 bits.
    package let value: UInt128

    package init(family: Family, value: UInt128) {
        self.family = family
        self.value = family == .v4 ? value & 0xffff_ffff : value
    }

    /// In network byte order: 4 or 16 bytes, nothing else is an address.
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
        (0..<family.size).map { UInt8(truncatingIfNeeded: value >> UInt128(8 * (family.size - 1 - $0))) }
    }

    package var isV6: Bool { family == .v6 }

    /// 127.0.0.0/8 or ::1.
    package var isLoopback: Bool { family == .v4 ? value >> 24 == 127 : value == 1 }

    /// 169.254.0.0/16 or fe80::/10: good on one link only.
    package var isLinkLocal: Bool { family == .v4 ? value >> 16 == 0xa9fe : value >> 118 == 0x3fa }

    package var isMulticast: Bool { family == .v4 ? value >> 28 == 0xe : value >> 120 == 0xff }

    package var isUnspecified: Bool { value == 0 }
}

extension IPAddress: LosslessStringConvertible {
    /// Dotted or colon notation, without brackets, zone or prefix.
    package init?(_ description: String) {
        var bytes = [UInt8](repeating: 0, count: 16)
        if inet_pton(AF_INET, description, &bytes) == 1 {
            self.init(bytes: bytes[..<4])
        } else if inet_pton(AF_INET6, description, &bytes) == 1 {
            self.init(bytes: bytes)
        } else {
            return nil
        }
    }

    /// The usual form; IPv6 as RFC 5952 wants it.
    package var description: String {
        let bytes = bytes
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        guard inet_ntop(Int32(family.number), bytes, &text, socklen_t(text.count)) != nil else { return "" }
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

extension IPAddress: Comparable {
    package static func < (left: IPAddress, right: IPAddress) -> Bool {
        left.family == right.family ? left.value < right.value : left.family == .v4
    }
}
