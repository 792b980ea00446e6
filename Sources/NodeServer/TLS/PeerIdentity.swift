import KubeModel
import NIOCore
import NIOSSL
import SwiftASN1
import X509

/// The user that a connection's client certificate stands for.
struct PeerIdentity: Sendable {
    let credentials: ServingCredentials

    /// Returns `nil` without a certificate or when the certificate is not trusted.
    func user(of channel: any Channel) async -> UserInfo? {
        // Verified for each request: the connection may outlive the certificate, and the client CA may be another by now. A resumed session brings
        // the certificate alone, because the handshake's verification did not run.
        var presented = (try? await channel.nioSSL_peerValidatedCertificateChain().get()).map(Array.init) ?? []
        if presented.isEmpty, let leaf = try? await channel.nioSSL_peerCertificate().get() { presented = [leaf] }
        guard !presented.isEmpty else { return nil }
        return await credentials.current().verifier.verifiedChain(presented)?.first.flatMap(user)
    }

    private func user(_ certificate: NIOSSLCertificate) -> UserInfo? {
        guard let bytes = try? certificate.toDERBytes(), let certificate = try? Certificate(derEncoded: bytes) else { return nil }
        return ClientIdentity.user(of: certificate)
    }
}
