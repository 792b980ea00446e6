package import Nftables

/// A range of addresses with a common prefix, such as a podCIDR.
package struct IPPrefix: Sendable, Hashable {
    package let first: IPAddress
    package let length: Int

    /// `10.244.0.0/16`; bits behind the prefix are cleared. `nil` when the text is no prefix.
    package init?(_ text: some StringProtocol) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let address = IPAddress(parts[0]), let length = Int(parts[1]),
            parts[1].utf8.allSatisfy({ $0 >= 48 && $0 <= 57 }), length <= address.family.addressLength * 8
        else { return nil }
        let cleared = Self.masked(address.bytes, length: length, filling: 0)
        guard let first = IPAddress(bytes: cleared) else { return nil }
        self.first = first
        self.length = length
    }

    package var family: TableFamily { first.family }

    /// The last address, in network byte order.
    package var lastBytes: [UInt8] { Self.masked(first.bytes, length: length, filling: 0xff) }

    package func contains(_ address: IPAddress) -> Bool {
        address.family == family && Self.masked(address.bytes, length: length, filling: 0) == first.bytes
    }

    package func contains(_ other: IPPrefix) -> Bool { other.length >= length && contains(other.first) }

    private static func masked(_ bytes: [UInt8], length: Int, filling fill: UInt8) -> [UInt8] {
        bytes.enumerated().map { index, byte in
            let kept = min(max(length - index * 8, 0), 8)
            let mask = UInt8(truncatingIfNeeded: 0xff00 >> kept)
            return byte & mask | fill & ~mask
        }
    }
}

extension IPPrefix: CustomStringConvertible {
    package var description: String { "\(first)/\(length)" }
}
