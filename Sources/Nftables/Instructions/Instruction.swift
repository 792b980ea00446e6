/// One step of the kernel's rule machine: rules are linearised into these before they are encoded.
package enum Instruction: Sendable, Hashable {
    package enum PayloadBase: UInt32, Sendable, Hashable {
        case network = 1
        case transport = 2
    }

    /// NFT_META_*
    package enum MetaKey: UInt32, Sendable, Hashable {
        case mark = 3
        case inputInterfaceName = 6
        case trace = 12
        case transportProtocol = 16
    }

    /// NFT_CT_*
    package enum ConnectionKey: UInt32, Sendable, Hashable {
        case state = 0
        case status = 2
        case destinationPort = 12
        case sourceIPv4 = 19
        case destinationIPv4 = 20
        case sourceIPv6 = 21
        case destinationIPv6 = 22
    }

    case payload(PayloadBase, offset: UInt32, length: UInt32, to: Register)
    case meta(MetaKey, to: Register)
    case setMeta(MetaKey, from: Register)
    /// `original`: of the connection's original direction.
    case connection(ConnectionKey, original: Bool, to: Register)
    /// The kind of the source or destination address (RTN_LOCAL, …).
    case addressKind(ofSource: Bool, to: Register)
    case random(modulus: UInt32, to: Register)
    case bitwise(Register, length: UInt32, mask: PackedBytes, xor: PackedBytes)
    case compare(Register, equal: Bool, PackedBytes)
    /// Without a destination: is it in the set?
    case lookup(Register, set: String, to: Register?, inverted: Bool)
    case update(set: String, key: Register)
    /// Seconds.
    case updateMap(set: String, key: Register, value: Register, timeout: UInt32)
    case destinationNAT(TableFamily, address: Register, port: Register)
    case masquerade(fullyRandom: Bool)
    /// By ICMP.
    case reject(code: UInt8)
    case resetConnection
    case immediate(Verdict)
    case load(PackedBytes, to: Register)
    case counter
}
