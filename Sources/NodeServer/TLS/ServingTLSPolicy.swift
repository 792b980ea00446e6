/// The versions and suites of TLS that the HTTPS server accepts.
package struct ServingTLSPolicy: Sendable, Hashable {
    package enum Version: Sendable, Hashable {
        case tls10, tls11, tls12, tls13
    }

    package let minimum: Version
    /// Numbers of IANA's registry, for TLS 1.2 and below; empty means the TLS library's own choice.
    package let cipherSuites: [UInt16]

    package init(minimum: Version = .tls12, cipherSuites: [UInt16] = []) {
        self.minimum = minimum
        self.cipherSuites = cipherSuites
    }
}
