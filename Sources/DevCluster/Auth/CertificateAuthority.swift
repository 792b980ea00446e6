import Crypto
import FoundationEssentials
import KubeModel
import NIOSSL
import SwiftASN1
import Timing
import X509

/// The cluster's own certificate authority, made afresh at every start.
struct CertificateAuthority: Sendable {
    /// A certificate with its key, as PEM text.
    struct Credential: Sendable {
        let certificatePEM: String
        let keyPEM: String
    }

    let certificatePEM: String
    private let certificate: Certificate
    private let key: P256.Signing.PrivateKey
    private let time: any TimeSource

    init(time: any TimeSource) throws {
        self.time = time
        let key = P256.Signing.PrivateKey()
        self.key = key
        let name = try DistinguishedName { CommonName("swiftlet-devcluster") }
        let now = time.wallTime().seconds
        let certificate = try Certificate(
            version: .v3, serialNumber: Certificate.SerialNumber(), publicKey: Certificate.PublicKey(key.publicKey),
            notValidBefore: Date(timeIntervalSince1970: Double(now - 300)),
            notValidAfter: Date(timeIntervalSince1970: Double(now + 10 * 365 * 86_400)),
            issuer: name, subject: name, signatureAlgorithm: .ecdsaWithSHA256,
            extensions: try Certificate.Extensions {
                Critical(BasicConstraints.isCertificateAuthority(maxPathLength: nil))
                Critical(KeyUsage(digitalSignature: true, keyCertSign: true, cRLSign: true))
                SubjectKeyIdentifier(hash: Certificate.PublicKey(key.publicKey))
            },
            issuerPrivateKey: Certificate.PrivateKey(key))
        self.certificate = certificate
        certificatePEM = try certificate.serializeAsPEM().pemString + "\n"
    }

    /// A client certificate: common name = user, organisations = groups.
    func client(user: String, groups: [String]) throws -> Credential {
        let key = P256.Signing.PrivateKey()
        let subject = try DistinguishedName {
            for group in groups { OrganizationName(group) }
            CommonName(user)
        }
        let pem = try issue(
            subject: subject, publicKey: Certificate.PublicKey(key.publicKey), usage: .clientAuth, names: [], seconds: 365 * 86_400)
        return Credential(certificatePEM: pem, keyPEM: key.pemRepresentation + "\n")
    }

    /// A server certificate for these DNS names and IP addresses.
    func server(commonName: String, names: [String]) throws -> Credential {
        let key = P256.Signing.PrivateKey()
        let pem = try issue(
            subject: try DistinguishedName { CommonName(commonName) }, publicKey: Certificate.PublicKey(key.publicKey), usage: .serverAuth,
            names: names.map(Self.generalName), seconds: 365 * 86_400)
        return Credential(certificatePEM: pem, keyPEM: key.pemRepresentation + "\n")
    }

    func issue(
        subject: DistinguishedName, publicKey: Certificate.PublicKey, usage: ExtendedKeyUsage.Usage, names: [GeneralName], seconds: Int64
    ) throws -> String {
        let now = time.wallTime().seconds
        // Clocks differ by minutes. Certificates of less than eight hours are not backdated, as in kube-controller-manager.
        let backdate: Int64 = seconds < 8 * 3600 ? 0 : 300
        let issued = try Certificate(
            version: .v3, serialNumber: Certificate.SerialNumber(), publicKey: publicKey,
            notValidBefore: Date(timeIntervalSince1970: Double(now - backdate)), notValidAfter: Date(timeIntervalSince1970: Double(now + seconds)),
            issuer: certificate.subject, subject: subject, signatureAlgorithm: .ecdsaWithSHA256,
            extensions: try Certificate.Extensions {
                Critical(BasicConstraints.notCertificateAuthority)
                Critical(KeyUsage(digitalSignature: true))
                try ExtendedKeyUsage([usage])
                if !names.isEmpty { SubjectAlternativeNames(names) }
            },
            issuerPrivateKey: Certificate.PrivateKey(key))
        return try issued.serializeAsPEM().pemString + "\n"
    }

    private static func generalName(_ name: String) -> GeneralName {
        let parts = name.split(separator: ".", omittingEmptySubsequences: false).compactMap { UInt8($0) }
        return parts.count == 4 ? .ipAddress(ASN1OctetString(contentBytes: parts[...])) : .dnsName(name)
    }
}
