package import Addresses

/// Something of a packet, a connection or the machine that a rule reads.
package enum Selector: Sendable, Hashable {
    /// `ip saddr`, in the table's family.
    case sourceAddress
    /// `ip daddr`
    case destinationAddress
    /// `meta l4proto`
    case transportProtocol
    /// `th sport`
    case sourcePort
    /// `th dport`
    case destinationPort
    /// `tcp dport`: the packet is of this protocol, or the rule ends.
    case destinationPortOf(TransportProtocol)
    /// `ct original ip saddr`
    case originalSourceAddress
    /// `ct original ip daddr`
    case originalDestinationAddress
    /// `ct original proto-dst`. nft 1.0.6 understands it only behind a statement about a protocol's own port.
    case originalDestinationPort
    /// `ct state`
    case connectionState
    /// `ct status`
    case connectionStatus
    /// `meta mark`
    case mark
    /// `iifname`: empty for a packet of the node itself. A shorter value than an interface's name with zeros behind it is compared as its beginning.
    case inputInterface
    /// `fib saddr type`
    case sourceAddressKind
    /// `fib daddr type`
    case destinationAddressKind
    /// `numgen random mod N`
    case random(modulus: UInt32)

    package func type(in family: TableFamily) -> DataType {
        switch self {
        case .sourceAddress, .destinationAddress, .originalSourceAddress, .originalDestinationAddress: family.addressType
        case .transportProtocol: .protocolNumber
        case .sourcePort, .destinationPort, .destinationPortOf, .originalDestinationPort: .port
        case .connectionState, .connectionStatus, .sourceAddressKind, .destinationAddressKind, .random: .integer
        case .mark: .mark
        case .inputInterface: .interfaceName
        }
    }

    /// As nft writes it.
    package func text(in family: TableFamily) -> String {
        switch self {
        case .sourceAddress: "\(family.name) saddr"
        case .destinationAddress: "\(family.name) daddr"
        case .transportProtocol: "meta l4proto"
        case .sourcePort: "th sport"
        case .destinationPort: "th dport"
        case .destinationPortOf(let transport): "\(transport.rawValue.lowercased()) dport"
        case .originalSourceAddress: "ct original \(family.name) saddr"
        case .originalDestinationAddress: "ct original \(family.name) daddr"
        case .originalDestinationPort: "ct original proto-dst"
        case .connectionState: "ct state"
        case .connectionStatus: "ct status"
        case .mark: "meta mark"
        case .inputInterface: "iifname"
        case .sourceAddressKind: "fib saddr type"
        case .destinationAddressKind: "fib daddr type"
        case .random(let modulus): "numgen random mod \(modulus)"
        }
    }
}
