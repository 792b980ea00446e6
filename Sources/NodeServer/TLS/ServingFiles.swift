/// The paths of the HTTPS server's certificate, its key and the authority of its clients, all PEM.
package struct ServingFiles: Sendable, Hashable {
    /// A certificate and its key. Both may be the same file.
    package struct Pair: Sendable, Hashable {
        package let certificate: String
        package let key: String

        package init(certificate: String, key: String) {
            self.certificate = certificate
            self.key = key
        }
    }

    /// The first pair whose certificate is there is used.
    package let pairs: [Pair]
    /// The certificate comes later: until then every TLS handshake fails, as with kubelet. Otherwise a missing certificate is an error.
    package let isAwaited: Bool
    /// Absent: every client certificate is ignored.
    package let clientCA: String?

    package init(pairs: [Pair], isAwaited: Bool, clientCA: String?) {
        self.pairs = pairs
        self.isAwaited = isAwaited
        self.clientCA = clientCA
    }

    package init(certificate: String, key: String, clientCA: String?) {
        self.init(pairs: [Pair(certificate: certificate, key: key)], isAwaited: false, clientCA: clientCA)
    }

    var all: [String] { pairs.flatMap { [$0.certificate, $0.key] } + (clientCA.map { [$0] } ?? []) }

    /// The pair to be used now; nil while it is awaited.
    var present: Pair? { pairs.first { FileStamp(path: $0.certificate).isPresent } ?? (isAwaited ? nil : pairs.last) }
}
