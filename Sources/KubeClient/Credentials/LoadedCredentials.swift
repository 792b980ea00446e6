import NIOSSL

/// Everything read from files and parsed, ready for a connection.
struct LoadedCredentials: Sendable {
    /// Grows each time that the TLS part changed; connections of an older generation must not be used for new calls.
    var generation: Int
    /// Grows with a change of the trusted authorities: what is open to a server of the older ones must end.
    var trust = 0
    var tls: TLSConfiguration?
    /// Changes without a new connection.
    var token: String?
    var certificate: CertificateInfo?
    /// The place of `certificate`, for messages.
    var origin = ""
}
