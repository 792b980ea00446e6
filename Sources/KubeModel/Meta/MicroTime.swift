/// `metav1.MicroTime`: RFC 3339 with six digits after the second, as leases and new-style events use it.
package struct MicroTime: Sendable, Hashable, Codable {
    package var timestamp: Timestamp

    package init(_ timestamp: Timestamp) {
        self.timestamp = timestamp
    }

    package init(from decoder: any Decoder) throws {
        timestamp = try Timestamp(from: decoder)
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(timestamp.rfc3339(fractionDigits: 6))
    }
}
