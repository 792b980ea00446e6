import Crypto
package import FoundationEssentials
import SwiftASN1
package import X509

/// A certificate authority of one test.
package struct TestAuthority: Sendable {
    package struct Issued: Sendable {
        package let certificate: Certificate
        package let pem: String
        package let keyPEM: String
    }

    private let key = P256.Signing.PrivateKey()
    package let certificate: Certificate
    package let pem: String

    package init(_ name: String) throws {
        let subject = try DistinguishedName { CommonName(name) }
        certificate = try Certificate(
            version: .v3, serialNumber: .init(), publicKey: .init(key.publicKey), notValidBefore: Date() - 7200, notValidAfter: Date() + 86_400,
            issuer: subject, subject: subject, signatureAlgorithm: .ecdsaWithSHA256,
            extensions: try Certificate.Extensions {
                Critical(BasicConstraints.isCertificateAuthority(maxPathLength: nil))
                Critical(KeyUsage(keyCertSign: true))
            }, issuerPrivateKey: .init(key))
        pem = try Self.pem(certificate)
    }

    /// Issues a key and a certificate: for 127.0.0.1 and `dnsNames`, good for servers and clients.
    package func issue(
        _ commonName: String, groups: [String] = [], dnsNames: [String] = [], loopback: Bool = true, notBefore: Date = Date() - 3600,
        life: Double = 86_400
    ) throws -> Issued {
        let leaf = P256.Signing.PrivateKey()
        let certificate = try sign(
            .init(leaf.publicKey), commonName, groups: groups, dnsNames: dnsNames, loopback: loopback, notBefore: notBefore, life: life)
        return Issued(certificate: certificate, pem: try Self.pem(certificate), keyPEM: leaf.pemRepresentation + "\n")
    }

    /// Issues a user's certificate without names of hosts.
    package func client(
        _ user: String, groups: [String] = [], usage: ExtendedKeyUsage.Usage = .clientAuth, validFor: Double = 3600
    ) throws -> Issued {
        let leaf = P256.Signing.PrivateKey()
        let certificate = try sign(
            .init(leaf.publicKey), user, groups: groups, loopback: false, usages: [usage], notBefore: Date() - 7200, life: 7200 + validFor)
        return Issued(certificate: certificate, pem: try Self.pem(certificate), keyPEM: leaf.pemRepresentation + "\n")
    }

    /// Signs a certificate for a public key.
    /// - Parameter life: in seconds from `notBefore`.
    package func sign(
        _ publicKey: Certificate.PublicKey, _ commonName: String, groups: [String] = [], dnsNames: [String] = [], loopback: Bool = true,
        addresses: [[UInt8]] = [],
        usages: [ExtendedKeyUsage.Usage] = [.serverAuth, .clientAuth], notBefore: Date = Date() - 3600, life: Double = 86_400
    ) throws -> Certificate {
        var names = dnsNames.map { GeneralName.dnsName($0) }
        names += addresses.map { .ipAddress(ASN1OctetString(contentBytes: $0[...])) }
        if loopback { names.append(.ipAddress(ASN1OctetString(contentBytes: [127, 0, 0, 1]))) }
        let subject = try DistinguishedName {
            for group in groups { OrganizationName(group) }
            CommonName(commonName)
        }
        return try Certificate(
            version: .v3, serialNumber: .init(), publicKey: publicKey, notValidBefore: notBefore, notValidAfter: notBefore + life,
            issuer: certificate.subject, subject: subject, signatureAlgorithm: .ecdsaWithSHA256,
            extensions: try Certificate.Extensions {
                Critical(BasicConstraints.notCertificateAuthority)
                try ExtendedKeyUsage(usages)
                if !names.isEmpty { SubjectAlternativeNames(names) }
            }, issuerPrivateKey: .init(key))
    }

    package static func pem(_ certificate: Certificate) throws -> String { try certificate.serializeAsPEM().pemString + "\n" }
}
