import Crypto
import FoundationEssentials
import NIOSSL
import SwiftASN1
import X509

/// A certificate authority for one test.
struct TestAuthority {
    struct Issued {
        let certificate: Certificate
        let pem: String
        let keyPEM: String
    }

    let issued: Issued
    private let key = P256.Signing.PrivateKey()

    init(_ name: String) throws {
        issued = try Self.issue(
            subject: DistinguishedName { CommonName(name) }, key: key, issuer: DistinguishedName { CommonName(name) }, issuerKey: key
        ) {
            Critical(BasicConstraints.isCertificateAuthority(maxPathLength: nil))
            Critical(KeyUsage(keyCertSign: true))
        }
    }

    func server() throws -> Issued {
        try issue(DistinguishedName { CommonName("n1") }) {
            try ExtendedKeyUsage([.serverAuth])
            SubjectAlternativeNames([.dnsName("localhost"), .ipAddress(ASN1OctetString(contentBytes: [127, 0, 0, 1]))])
        }
    }

    func client(_ user: String, groups: [String] = [], usage: ExtendedKeyUsage.Usage = .clientAuth, validFor: TimeInterval = 3600) throws -> Issued {
        let subject = try DistinguishedName {
            for group in groups { OrganizationName(group) }
            CommonName(user)
        }
        return try issue(subject, validFor: validFor) { try ExtendedKeyUsage([usage]) }
    }

    private func issue(
        _ subject: DistinguishedName, validFor: TimeInterval = 3600,
        @ExtensionsBuilder extensions: () throws -> Result<Certificate.Extensions, any Error>
    ) throws -> Issued {
        try Self.issue(
            subject: subject, key: P256.Signing.PrivateKey(), issuer: issued.certificate.subject, issuerKey: key, validFor: validFor,
            extensions: extensions)
    }

    private static func issue(
        subject: DistinguishedName, key: P256.Signing.PrivateKey, issuer: DistinguishedName, issuerKey: P256.Signing.PrivateKey,
        validFor: TimeInterval = 3600, @ExtensionsBuilder extensions: () throws -> Result<Certificate.Extensions, any Error>
    ) throws -> Issued {
        let certificate = try Certificate(
            version: .v3, serialNumber: .init(), publicKey: .init(key.publicKey), notValidBefore: Date(timeIntervalSinceNow: -7200),
            notValidAfter: Date(timeIntervalSinceNow: validFor), issuer: issuer, subject: subject, signatureAlgorithm: .ecdsaWithSHA256,
            extensions: try Certificate.Extensions(builder: extensions), issuerPrivateKey: .init(issuerKey))
        return Issued(certificate: certificate, pem: try certificate.serializeAsPEM().pemString, keyPEM: key.pemRepresentation)
    }
}
