package import Nftables

/// An IPv4 or IPv6 address.
package struct IPAddress: Sendable, Hashable {
    package let family: TableFamily
    /// The address as a number; an IPv4 address is in the low 32 bits of `low`.
    private let high: UInt64
    private let low: UInt64

    package init(v4 value: UInt32) {
        self.init(family: .ip, high: 0, low: UInt64(value))
    }

    private init(family: TableFamily, high: UInt64, low: UInt64) {
        self.family = family
        self.high = high
        self.low = low
    }

    /// Network byte order, 4 or 16 bytes; `nil` for any other number.
    package init?(bytes: some Collection<UInt8>) {
        switch bytes.count {
        case 4: self.init(v4: bytes.reduce(0) { $0 << 8 | UInt32($1) })
        case 16:
            let high = bytes.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
            self.init(family: .ip6, high: high, low: bytes.dropFirst(8).reduce(0) { $0 << 8 | UInt64($1) })
        default: return nil
        }
    }

    /// Parses the text forms of RFC 4291 and dotted decimal. No zone, no leading zeros in IPv4 (as Kubernetes), no port.
    package init?(_ text: some StringProtocol) {
        if text.utf8.contains(UInt8(ascii: ":")) {
            guard let bytes = Self.parseIPv6(text) else { return nil }
            self.init(bytes: bytes)
        } else {
            guard let bytes = Self.parseIPv4(text) else { return nil }
            self.init(bytes: bytes)
        }
    }

    /// Network byte order.
    package var bytes: [UInt8] {
        family == .ip
            ? withUnsafeBytes(of: UInt32(truncatingIfNeeded: low).bigEndian) { Array($0) }
            : withUnsafeBytes(of: (high.bigEndian, low.bigEndian)) { Array($0) }
    }

    package var isLoopback: Bool { family == .ip ? low >> 24 == 127 : high == 0 && low == 1 }
    package var isUnspecified: Bool { high == 0 && low == 0 }

    private static func parseIPv4(_ text: some StringProtocol) -> [UInt8]? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var bytes: [UInt8] = []
        for part in parts {
            guard let byte = UInt8(part), part.utf8.allSatisfy({ $0 >= 48 && $0 <= 57 }), part.count == 1 || part.first != "0" else { return nil }
            bytes.append(byte)
        }
        return bytes
    }

    private static func parseIPv6(_ text: some StringProtocol) -> [UInt8]? {
        let parts = String(text).split(separator: "::", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count <= 2, let head = parseGroups(parts[0], isLast: parts.count == 1) else { return nil }
        guard parts.count == 2 else { return head.count == 16 ? head : nil }
        guard let tail = parseGroups(parts[1], isLast: true), head.count + tail.count <= 14 else { return nil }
        return head + [UInt8](repeating: 0, count: 16 - head.count - tail.count) + tail
    }

    private static func parseGroups(_ text: Substring, isLast: Bool) -> [UInt8]? {
        if text.isEmpty { return [] }
        let groups = text.split(separator: ":", omittingEmptySubsequences: false)
        var bytes: [UInt8] = []
        for (index, group) in groups.enumerated() {
            if group.contains("."), isLast, index == groups.count - 1 {
                guard let tail = parseIPv4(group) else { return nil }
                bytes += tail
                continue
            }
            let isHexadecimal = group.utf8.allSatisfy { ($0 >= 48 && $0 <= 57) || ($0 | 32 >= 97 && $0 | 32 <= 102) }
            guard isHexadecimal, (1...4).contains(group.utf8.count), let value = UInt16(group, radix: 16) else { return nil }
            bytes += [UInt8(value >> 8), UInt8(value & 0xff)]
        }
        return bytes
    }
}

extension IPAddress: CustomStringConvertible {
    package var description: String {
        NftText.text(of: PackedBytes(bytes), types: [family.addressType])
    }
}

extension IPAddress: Comparable {
    package static func < (left: IPAddress, right: IPAddress) -> Bool {
        (left.family.rawValue, left.high, left.low) < (right.family.rawValue, right.high, right.low)
    }
}
