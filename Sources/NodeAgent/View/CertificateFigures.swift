package import KubeModel

/// The figures of the node's certificates for metrics; absent ones are not shown.
package struct CertificateFigures: Sendable, Hashable {
    /// The end of the client certificate.
    package var clientExpiry: Timestamp?
    /// The end of the serving certificate.
    package var serverExpiry: Timestamp?
    /// How often a renewal has failed.
    package var clientRenewErrors: Int?
    package var serverRenewErrors: Int?

    package init() {}
}
