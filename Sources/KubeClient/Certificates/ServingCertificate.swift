import Crypto
import FoundationEssentials
package import KubeModel
import SwiftASN1
import X509

/// The files of the certificate that the node's HTTPS endpoint presents. Both may be the same file.
package struct ServingCertificate: Sendable, Hashable {
    package let certificatePath: String
    package let keyPath: String

    package init(certificatePath: String, keyPath: String) {
        self.certificatePath = certificatePath
        self.keyPath = keyPath
    }

    /// `pki/kubelet.crt` and `pki/kubelet.key`, made when they are missing, out of date or lack one of the names.
    package static func selfSigned(
        in directory: CertificateDirectory, hostname: String, ipAddresses: [String], now: Timestamp
    ) async throws -> ServingCertificate {
        let files = ServingCertificate(certificatePath: "\(directory.path)/kubelet.crt", keyPath: "\(directory.path)/kubelet.key")
        if await files.serves(hostname: hostname, ipAddresses: ipAddresses, now: now) { return files }
        let (certificate, key) = try make(hostname: hostname, ipAddresses: ipAddresses, now: now)
        try await CredentialFiles.makeDirectory(directory.path)
        try await CredentialFiles.replace(files.keyPath, with: Array(key.utf8), mode: 0o600)
        try await CredentialFiles.replace(files.certificatePath, with: Array(certificate.utf8), mode: 0o644)
        return files
    }

    private func serves(hostname: String, ipAddresses: [String], now: Timestamp) async -> Bool {
        guard let certificateBytes = try? await CredentialFiles.read(certificatePath, operation: "read certificate"),
            let keyBytes = try? await CredentialFiles.read(keyPath, operation: "read key"),
            let certificate = try? Certificate(pemEncoded: String(decoding: certificateBytes, as: UTF8.self)),
            let key = try? Certificate.PrivateKey(pemEncoded: String(decoding: keyBytes, as: UTF8.self)),
            key.publicKey == certificate.publicKey,
            // A month ahead, because nothing renews it while the agent runs.
            CertificateInfo(certificate).isValid(at: now), CertificateInfo(certificate).isValid(at: now.advanced(bySeconds: 30 * 86_400)),
            let found = try? certificate.extensions.subjectAlternativeNames,
            let wanted = try? SubjectNames.alternativeNames(dnsNames: [hostname], ipAddresses: ipAddresses)
        else { return false }
        return Set(wanted).isSubset(of: Set(found))
    }

    private static func make(hostname: String, ipAddresses: [String], now: Timestamp) throws -> (certificate: String, key: String) {
        let key = P256.Signing.PrivateKey()
        do {
            let name = try DistinguishedName { CommonName("\(hostname)@\(now.seconds)") }
            let names = try SubjectNames.alternativeNames(dnsNames: [hostname], ipAddresses: ipAddresses)
            let certificate = try Certificate(
                version: .v3, serialNumber: .init(), publicKey: .init(key.publicKey),
                // An hour back for clocks that differ.
                notValidBefore: Date(timeIntervalSince1970: Double(now.seconds - 3600)),
                notValidAfter: Date(timeIntervalSince1970: Double(now.seconds + 5 * 365 * 86_400)),
                issuer: name, subject: name, signatureAlgorithm: .ecdsaWithSHA256,
                extensions: try Certificate.Extensions {
                    Critical(BasicConstraints.notCertificateAuthority)
                    Critical(KeyUsage(digitalSignature: true))
                    try ExtendedKeyUsage([.serverAuth])
                    names
                },
                issuerPrivateKey: .init(key))
            return (try certificate.serializeAsPEM().pemString + "\n", key.pemRepresentation + "\n")
        } catch let error as APIError {
            throw error
        } catch {
            throw APIError(
                .badCertificate, operation: "make a self-signed certificate for", object: hostname, reason: "it cannot be encoded", cause: "\(error)")
        }
    }
}
