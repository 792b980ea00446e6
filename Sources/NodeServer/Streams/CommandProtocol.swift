/// The protocols of exec and attach over SPDY, by their names on the wire.
package enum CommandProtocol: String, Sendable, Hashable, CaseIterable {
    case v4 = "v4.channel.k8s.io"
    case v3 = "v3.channel.k8s.io"
    case v2 = "v2.channel.k8s.io"
    case v1 = "channel.k8s.io"

    /// The error stream carries a `metav1.Status`, also for success; else text, and nothing for success.
    package var hasStructuredStatus: Bool { self == .v4 }

    /// A terminal has a stream for its sizes.
    package var hasResize: Bool { self == .v4 || self == .v3 }
}
