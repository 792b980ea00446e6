import Crypto
import FoundationEssentials
import KubeModel
import SwiftASN1
import X509

/// A private key and the request to certify it.
struct SigningRequest: Sendable {
    let privateKeyPEM: String
    let requestPEM: String
    /// Equal for equal keys and purposes, so that an interrupted request is found again instead of piling up.
    let name: String

    init(purpose: CertificatePurpose, key: P256.Signing.PrivateKey) throws {
        do {
            let subject = try DistinguishedName {
                OrganizationName(CertificatePurpose.organization)
                CommonName(purpose.commonName)
            }
            var attributes = X509.CertificateSigningRequest.Attributes()
            if !purpose.dnsNames.isEmpty || !purpose.ipAddresses.isEmpty {
                let names = try SubjectNames.alternativeNames(dnsNames: purpose.dnsNames, ipAddresses: purpose.ipAddresses)
                let extensions = try Certificate.Extensions { names }
                attributes = .init([try .init(ExtensionRequest(extensions: extensions))])
            }
            let request = try X509.CertificateSigningRequest(
                version: .v1, subject: subject, privateKey: Certificate.PrivateKey(key), attributes: attributes, signatureAlgorithm: .ecdsaWithSHA256)
            requestPEM = try request.serializeAsPEM().pemString + "\n"
            privateKeyPEM = key.pemRepresentation + "\n"
        } catch let error as APIError {
            throw error
        } catch {
            throw APIError(
                .badCertificate, operation: "make a signing request for", object: purpose.commonName, reason: "it cannot be encoded",
                cause: "\(error)")
        }
        var hash = SHA256()
        for part in [purpose.signerName, purpose.commonName] + purpose.usages + purpose.dnsNames + purpose.ipAddresses {
            hash.update(data: Array(part.utf8) + [0])
        }
        hash.update(data: key.publicKey.derRepresentation)
        let digits = Array("0123456789abcdef".utf8)
        let hex = hash.finalize().flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
        name = (purpose.filePrefix == "kubelet-client" ? "node-csr-" : "csr-") + String(decoding: hex, as: UTF8.self)
    }

    /// The object to create in the API.
    func object(for purpose: CertificatePurpose) -> KubeModel.CertificateSigningRequest {
        KubeModel.CertificateSigningRequest(
            metadata: ObjectMeta(name: name),
            spec: .init(request: Data(requestPEM.utf8).base64EncodedString(), signerName: purpose.signerName, usages: purpose.usages))
    }
}
