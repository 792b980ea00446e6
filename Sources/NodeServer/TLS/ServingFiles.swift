/// The paths of the HTTPS server's certificate, its key and the authority of its clients, all PEM.
package struct ServingFiles: Sendable, Hashable {
    package let certificate: String
    package let key: String
    /// Absent: every client certificate is ignored.
    package let clientCA: String?

    package init(certificate: String, key: String, clientCA: String?) {
        self.certificate = certificate
        self.key = key
        self.clientCA = clientCA
    }

    var all: [String] { [certificate, key] + (clientCA.map { [$0] } ?? []) }
}
