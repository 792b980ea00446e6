/// The WebSocket sub-protocols of exec and attach, by their names on the wire.
package enum StreamProtocol: String, Sendable, Hashable, CaseIterable {
    case v5 = "v5.channel.k8s.io"
    case v4 = "v4.channel.k8s.io"
    case v4Base64 = "v4.base64.channel.k8s.io"
    case channel = "channel.k8s.io"
    case channelBase64 = "base64.channel.k8s.io"
    /// The client named no sub-protocol: works as `channel.k8s.io`, and the answer names no sub-protocol either.
    case unnamed = ""

    /// Messages are base64 in text frames, and channels are written as digits.
    package var isBase64: Bool { self == .v4Base64 || self == .channelBase64 }

    /// The error channel carries a `metav1.Status`, also for success; else text, and nothing for success.
    package var hasStructuredStatus: Bool { self == .v5 || self == .v4 || self == .v4Base64 }

    /// The client may end its stdin without closing the connection.
    package var hasHalfClose: Bool { self == .v5 }

    /// Returns the client's first choice that this node speaks.
    ///
    /// - Parameter offers: the values of `Sec-WebSocket-Protocol`, each a name or a list of them.
    /// - Returns: `nil` when names were given and none is known.
    package static func negotiate(offers: [String]) -> StreamProtocol? {
        let names = offers.flatMap { $0.split(separator: ",") }.map(trimmed).filter { !$0.isEmpty }
        if names.isEmpty { return .unnamed }
        for name in names {
            if let known = StreamProtocol(rawValue: String(name)) { return known }
        }
        return nil
    }

    /// For messages.
    static var names: String {
        allCases.map(\.rawValue).filter { !$0.isEmpty }.joined(separator: ", ")
    }

    private static func trimmed(_ text: Substring) -> Substring {
        var text = text.drop { $0 == " " || $0 == "\t" }
        while let last = text.last, last == " " || last == "\t" { text.removeLast() }
        return text
    }
}
