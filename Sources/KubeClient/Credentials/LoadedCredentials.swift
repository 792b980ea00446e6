import NIOSSL

/// Everything read from files and parsed, ready for a connection.
struct LoadedCredentials: Sendable {
    /// Grows each time that the TLS part changed; connections of an older generation must not be used for new calls.
    var generation: Int
    var tls: TLSConfiguration?
    /// Changes without a new connection.
    var token: String?
}
