/// A protocol with ports. Raw values are the API's.
package enum TransportProtocol: String, Sendable, Hashable, Codable, CaseIterable, CustomStringConvertible {
    case tcp = "TCP"
    case udp = "UDP"
    case sctp = "SCTP"

    /// Reads a `protocol` field of the API: a missing or empty one means TCP.
    package init?(field: String?) {
        guard let field, !field.isEmpty else {
            self = .tcp
            return
        }
        self.init(rawValue: field)
    }

    /// Of an IP protocol number; `nil` for every other protocol.
    package init?(number: UInt8) {
        guard let found = Self.allCases.first(where: { $0.number == number }) else { return nil }
        self = found
    }

    /// The IP protocol number (IPPROTO_TCP, …).
    package var number: UInt8 {
        switch self {
        case .tcp: 6
        case .udp: 17
        case .sctp: 132
        }
    }

    package var description: String { rawValue }
}
