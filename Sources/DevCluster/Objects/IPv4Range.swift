/// A block of IPv4 addresses in CIDR form.
package struct IPv4Range: Sendable, Hashable, CustomStringConvertible {
    package let base: UInt32
    package let prefixLength: Int

    package init(base: UInt32, prefixLength: Int) {
        self.prefixLength = prefixLength
        self.base = base & Self.mask(prefixLength)
    }

    /// Reads `10.96.0.0/16`; nil when that is not a block of addresses.
    package init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let length = Int(parts[1]), (0...32).contains(length), let base = Self.address(parts[0]) else { return nil }
        self.init(base: base, prefixLength: length)
    }

    package var description: String { "\(Self.text(base))/\(prefixLength)" }

    /// Number of addresses, the network's and the broadcast's included.
    package var count: UInt64 { 1 << UInt64(32 - prefixLength) }

    package func contains(_ address: String) -> Bool { Self.address(address[...]).map { $0 & Self.mask(prefixLength) == base } ?? false }

    /// The address at an offset from the first.
    package func address(_ offset: UInt32) -> String { Self.text(base &+ offset) }

    /// The first usable address that passes: neither the network's nor the broadcast's.
    package func firstFree(where isFree: (String) -> Bool) -> String? {
        guard count > 2 else { return nil }
        for offset in 1..<(count - 1) {
            let text = address(UInt32(offset))
            if isFree(text) { return text }
        }
        return nil
    }

    /// The blocks of a smaller size inside this one.
    package func subranges(prefixLength length: Int) -> [IPv4Range] {
        guard length >= prefixLength, length <= 32, length - prefixLength <= 16 else { return [] }
        return (0..<(UInt32(1) << UInt32(length - prefixLength))).map { IPv4Range(base: base + ($0 << UInt32(32 - length)), prefixLength: length) }
    }

    private static func mask(_ length: Int) -> UInt32 { length == 0 ? 0 : UInt32.max << UInt32(32 - length) }

    private static func address(_ text: Substring) -> UInt32? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var value: UInt32 = 0
        for part in parts {
            guard part.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let byte = UInt8(part) else { return nil }
            value = value << 8 | UInt32(byte)
        }
        return value
    }

    private static func text(_ value: UInt32) -> String { "\(value >> 24).\(value >> 16 & 255).\(value >> 8 & 255).\(value & 255)" }
}
