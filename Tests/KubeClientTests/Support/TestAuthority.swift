import Crypto
import FoundationEssentials
import SwiftASN1
import X509

/// A certificate authority for one test.
struct TestAuthority: Sendable {
    struct Pair: Sendable {
        let certificate: String
        let key: String
    }

    let key = P256.Signing.PrivateKey()
    let certificate: Certificate

    init(_ name: String) throws {
        let subject = try DistinguishedName { CommonName(name) }
        certificate = try Certificate(
            version: .v3, serialNumber: .init(), publicKey: .init(key.publicKey), notValidBefore: Date() - 3600, notValidAfter: Date() + 86_400,
            issuer: subject, subject: subject, signatureAlgorithm: .ecdsaWithSHA256,
            extensions: try Certificate.Extensions {
                Critical(BasicConstraints.isCertificateAuthority(maxPathLength: nil))
                Critical(KeyUsage(keyCertSign: true))
            }, issuerPrivateKey: .init(key))
    }

    var pem: String { get throws { try certificate.serializeAsPEM().pemString + "\n" } }

    /// A certificate for 127.0.0.1 unless other names are given, good for clients too.
    func issue(_ commonName: String, dnsNames: [String] = [], loopback: Bool = true, notBefore: Date = Date() - 3600, life: Double = 86_400) throws
        -> Pair
    {
        let leaf = P256.Signing.PrivateKey()
        return Pair(
            certificate: try sign(.init(leaf.publicKey), commonName, dnsNames: dnsNames, loopback: loopback, notBefore: notBefore, life: life),
            key: leaf.pemRepresentation + "\n")
    }

    func sign(
        _ publicKey: Certificate.PublicKey, _ commonName: String, dnsNames: [String] = [], loopback: Bool = true, notBefore: Date = Date() - 3600,
        life: Double = 86_400
    ) throws -> String {
        var names = dnsNames.map { GeneralName.dnsName($0) }
        if loopback { names.append(.ipAddress(ASN1OctetString(contentBytes: [127, 0, 0, 1]))) }
        let leaf = try Certificate(
            version: .v3, serialNumber: .init(), publicKey: publicKey, notValidBefore: notBefore, notValidAfter: notBefore + life,
            issuer: certificate.subject, subject: try DistinguishedName { CommonName(commonName) }, signatureAlgorithm: .ecdsaWithSHA256,
            extensions: try Certificate.Extensions {
                Critical(BasicConstraints.notCertificateAuthority)
                try ExtendedKeyUsage([.serverAuth, .clientAuth])
                SubjectAlternativeNames(names)
            }, issuerPrivateKey: .init(key))
        return try leaf.serializeAsPEM().pemString + "\n"
    }
}
