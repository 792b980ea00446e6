import NIOSSL

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
                tls.privateKey = .privateKey(try NIOSSLPrivateKey(bytes: key, format: .pem))
            } catch {
                throw APIError(
                    .badCertificate, operation: "read client key", object: access.clientKey?.description ?? "",
                    reason: "it holds no usable private key; wanted an unencrypted PEM block such as EC PRIVATE KEY", cause: "\(error)")
            }
        }
        return tls
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
