import SwiftASN1
import X509

/// A certificate, its chain and the key that belongs to it, as one PEM text holds them in any order.
package struct CertificatePair: Sendable, Hashable {
    /// The certificate, then the certificates that lead to its authority.
    package let certificatePEM: String
    package let privateKeyPEM: String
    package let info: CertificateInfo

    /// Reads a pair. Both texts may be the same.
    /// - Throws: `.badCertificate` when there is no certificate or no key, or when one is for another than the other.
    package init(certificate: String, key: String, origin: String) throws {
        let chain = PEMText.blocks(certificate).filter { $0.label == PEMText.certificateLabel }
        guard !chain.isEmpty, let leaf = try? PEMText.firstCertificate(certificate) else {
            throw Self.failure(origin, "it holds no usable certificate; wanted a PEM block CERTIFICATE")
        }
        guard let keyBlock = PEMText.blocks(key).first(where: { $0.label.hasSuffix("PRIVATE KEY") }) else {
            throw Self.failure(origin, "it holds no private key; wanted an unencrypted PEM block such as EC PRIVATE KEY")
        }
        // A form of key that is not known here is left to the TLS library.
        if let parsed = try? Certificate.PrivateKey(pemEncoded: keyBlock.text), parsed.publicKey != leaf.publicKey {
            throw Self.failure(origin, "its key is not the key of its certificate; wanted a pair")
        }
        certificatePEM = chain.map(\.text).joined()
        privateKeyPEM = keyBlock.text
        info = CertificateInfo(leaf)
    }

    private static func failure(_ origin: String, _ reason: String) -> APIError {
        APIError(.badCertificate, operation: "read certificate and key", object: origin, reason: reason)
    }
}
