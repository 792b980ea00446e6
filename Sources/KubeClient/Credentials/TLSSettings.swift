import NIOSSL
import SwiftASN1

/// Builds the TLS configuration of a client from PEM bytes, with an error for each thing that can be wrong in them.
enum TLSSettings {
    static func make(access: ClusterAccess, authority: [UInt8]?, certificate: [UInt8]?, key: [UInt8]?) throws -> TLSConfiguration {
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.minimumTLSVersion = .tlsv12
        if access.skipsServerVerification {
            tls.certificateVerification = .none
        }
        if let authority {
            tls.trustRoots = .certificates(try certificates(authority, role: "certificate authority", source: access.certificateAuthority))
        }
        if let certificate, let key {
            tls.certificateChain = try certificates(certificate, role: "client certificate", source: access.clientCertificate).map {
                .certificate($0)
            }
            do {
                tls.privateKey = .privateKey(try privateKey(key))
            } catch {
                throw APIError(
                    .badCertificate, operation: "read client key", object: access.clientKey?.description ?? "",
                    reason: "it holds no usable private key; wanted an unencrypted PEM block such as EC PRIVATE KEY", cause: "\(error)")
            }
        }
        return tls
    }

    /// A block may hold another form of key than its label says, as other clients accept: a plain RSA or EC key under `PRIVATE KEY`, for example.
    private static func privateKey(_ bytes: [UInt8]) throws -> NIOSSLPrivateKey {
        do {
            return try NIOSSLPrivateKey(bytes: bytes, format: .pem)
        } catch {
            let blocks = try? PEMDocument.parseMultiple(pemString: String(decoding: bytes, as: UTF8.self))
            guard let block = blocks?.first(where: { $0.discriminator.hasSuffix("PRIVATE KEY") }),
                let key = try? NIOSSLPrivateKey(bytes: block.derBytes, format: .der)
            else { throw error }
            return key
        }
    }

    private static func certificates(_ bytes: [UInt8], role: String, source: CredentialSource?) throws -> [NIOSSLCertificate] {
        let found: [NIOSSLCertificate]
        do {
            found = try NIOSSLCertificate.fromPEMBytes(bytes)
        } catch {
            throw APIError(
                .badCertificate, operation: "read \(role)", object: source?.description ?? "",
                reason: "it holds no usable certificate; wanted PEM blocks that begin with -----BEGIN CERTIFICATE-----", cause: "\(error)")
        }
        guard !found.isEmpty else {
            throw APIError(
                .badCertificate, operation: "read \(role)", object: source?.description ?? "",
                reason: "it holds no certificate; wanted PEM blocks that begin with -----BEGIN CERTIFICATE-----")
        }
        return found
    }
}
