import NIOSSL
import SwiftASN1
package import X509

/// Checks that a client's certificate leads to the client CA and was made for clients.
package struct ClientVerifier: Sendable {
    private let roots: CertificateStore

    package init(roots: [Certificate]) {
        self.roots = CertificateStore(roots)
    }

    /// The certificates of a PEM file.
    package static func certificates(pem text: String) throws -> [Certificate] {
        try NIOSSLCertificate.fromPEMBytes(Array(text.utf8)).map { try Certificate(derEncoded: $0.toDERBytes()) }
    }

    /// Returns the chain from the client's certificate to a root; `nil` when the certificate is not trusted.
    package func verifiedChain(leaf: Certificate, intermediates: [Certificate]) async -> [Certificate]? {
        guard isForClients(leaf) else { return nil }
        var verifier = Verifier(rootCertificates: roots) {
            RFC5280Policy()
        }
        switch await verifier.validate(leaf: leaf, intermediates: CertificateStore(intermediates)) {
        case .validCertificate(let chain): return Array(chain)
        case .couldNotValidate: return nil
        }
    }

    func verifiedChain(_ presented: [NIOSSLCertificate]) async -> [NIOSSLCertificate]? {
        do {
            let certificates = try presented.map { try Certificate(derEncoded: $0.toDERBytes()) }
            guard let leaf = certificates.first, let chain = await verifiedChain(leaf: leaf, intermediates: Array(certificates.dropFirst()))
            else { return nil }
            return try chain.map { certificate in
                var serializer = DER.Serializer()
                try serializer.serialize(certificate)
                return try NIOSSLCertificate(bytes: serializer.serializedBytes, format: .der)
            }
        } catch {
            return nil
        }
    }

    /// Kubernetes requires the extended key usage `clientAuth`; a certificate without that extension is valid for every use.
    private func isForClients(_ certificate: Certificate) -> Bool {
        guard let usage = try? certificate.extensions.extendedKeyUsage else {
            return !certificate.extensions.contains { $0.oid == .X509ExtensionID.extendedKeyUsage }
        }
        return usage.contains(.clientAuth) || usage.contains(.any)
    }
}
