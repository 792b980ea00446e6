/// A protocol that Services may use. Raw values are the IP protocol numbers.
package enum TransportProtocol: UInt8, Sendable, Hashable, CaseIterable, CustomStringConvertible {
    case tcp = 6
    case udp = 17
    case sctp = 132

    /// `TCP`, `UDP`, `SCTP`; a missing field means TCP.
    package init?(field: String?) {
        switch field {
        case nil, "", "TCP": self = .tcp
        case "UDP": self = .udp
        case "SCTP": self = .sctp
        default: return nil
        }
    }

    package var description: String {
        switch self {
        case .tcp: "TCP"
        case .udp: "UDP"
        case .sctp: "SCTP"
        }
    }
}
