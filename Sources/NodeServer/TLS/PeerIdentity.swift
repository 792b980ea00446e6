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
        let chain = try? await channel.nioSSL_peerValidatedCertificateChain().get()
        if let leaf = chain?.first { return user(leaf) }
        // A resumed session brings the certificate, but the handshake's verification did not run.
        guard let presented = try? await channel.nioSSL_peerCertificate().get(),
            let verified = await credentials.current().verifier.verifiedChain([presented])
        else { return nil }
        return verified.first.flatMap(user)
    }

    private func user(_ certificate: NIOSSLCertificate) -> UserInfo? {
        guard let bytes = try? certificate.toDERBytes(), let certificate = try? Certificate(derEncoded: bytes) else { return nil }
        return ClientIdentity.user(of: certificate)
    }
}
