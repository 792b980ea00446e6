/// The type of a field of a set's key or value. Raw values are nft's own type numbers, which `nft list` reads back from
/// the kernel to print elements; a concatenation packs them six bits each.
package enum DataType: UInt32, Sendable, Hashable {
    /// A plain number in host byte order, such as numgen's slot. nft has no keyword for it, only `typeof`.
    case integer = 4
    case ipv4 = 7
    case ipv6 = 8
    case protocolNumber = 12
    case port = 13
    case mark = 19
    case interfaceName = 41

    /// Bytes of the value itself.
    package var length: Int {
        switch self {
        case .protocolNumber: 1
        case .port: 2
        case .integer, .ipv4, .mark: 4
        case .ipv6, .interfaceName: 16
        }
    }

    /// Bytes within a concatenation: every field starts on a 32-bit register.
    package var paddedLength: Int { (length + 3) & ~3 }

    package var name: String {
        switch self {
        case .integer: "integer"
        case .ipv4: "ipv4_addr"
        case .ipv6: "ipv6_addr"
        case .protocolNumber: "inet_proto"
        case .port: "inet_service"
        case .mark: "mark"
        case .interfaceName: "ifname"
        }
    }

    package static func packed(_ types: [DataType]) -> UInt32 {
        types.reduce(0) { $0 << 6 | $1.rawValue }
    }
}
