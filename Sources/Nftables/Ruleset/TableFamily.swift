package import Addresses

/// The address family of a table. Its raw value is the kernel's (NFPROTO_IPV4, NFPROTO_IPV6).
package enum TableFamily: UInt8, Sendable, Hashable, CaseIterable {
    case ip = 2
    case ip6 = 10

    package init(_ addresses: IPAddress.Family) { self = addresses == .v4 ? .ip : .ip6 }

    /// As nft writes it.
    package var name: String { self == .ip ? "ip" : "ip6" }
    /// The addresses that its packets have.
    package var addresses: IPAddress.Family { self == .ip ? .v4 : .v6 }
    package var addressType: DataType { self == .ip ? .ipv4 : .ipv6 }
}
