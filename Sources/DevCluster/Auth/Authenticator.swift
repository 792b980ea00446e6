import KubeModel
import NIOSSL
import SwiftASN1
import X509

/// Identifies the sender of a request: a client certificate of the cluster's authority, a service account's token or a
/// bootstrap token.
struct Authenticator: Sendable {
    let tokens: ServiceAccountTokens
    /// Static bearer tokens for joining nodes.
    let bootstrapTokens: [String: Identity]

    /// The TLS layer has checked the certificate's chain. Throws 401 for a credential that is not valid.
    func identify(certificate: NIOSSLCertificate?, authorization: String?, _ store: isolated ObjectStore) throws -> Identity {
        if let certificate {
            guard let identity = Self.identity(of: certificate) else { throw APIError.unauthorized }
            return identity
        }
        guard let authorization else { return .anonymous }
        let prefix = "bearer "
        guard authorization.lowercased().hasPrefix(prefix) else { throw APIError.unauthorized }
        guard
            let (identity, _) = identify(
                token: String(authorization.dropFirst(prefix.count)).trimmingSpace, audiences: [ServiceAccountTokens.issuer], store)
        else { throw APIError.unauthorized }
        return identity
    }

    /// Returns the identity of a token and those of the wanted audiences that the token has.
    func identify(token: String, audiences: [String], _ store: isolated ObjectStore) -> (identity: Identity, audiences: [String])? {
        if let identity = bootstrapTokens[token] { return (identity, audiences) }
        guard let claims = tokens.verify(token) else { return nil }
        let common = audiences.filter { claims.audiences.contains($0) }
        guard !common.isEmpty,
            let account = store.get(.serviceAccounts, ObjectKey(namespace: claims.namespace, name: claims.account)), account.uid == claims.accountUID
        else { return nil }
        var extra = ["authentication.kubernetes.io/credential-id": ["JTI=\(claims.id)"]]
        if !claims.podName.isEmpty {
            // A token does not outlive its pod.
            guard let pod = store.get(.pods, ObjectKey(namespace: claims.namespace, name: claims.podName)), pod.uid == claims.podUID else {
                return nil
            }
            extra["authentication.kubernetes.io/pod-name"] = [claims.podName]
            extra["authentication.kubernetes.io/pod-uid"] = [claims.podUID]
            if !claims.nodeName.isEmpty { extra["authentication.kubernetes.io/node-name"] = [claims.nodeName] }
        }
        let identity = Identity(
            user: "system:serviceaccount:\(claims.namespace):\(claims.account)", uid: claims.accountUID,
            groups: ["system:serviceaccounts", "system:serviceaccounts:\(claims.namespace)", "system:authenticated"], extra: extra)
        return (identity, common)
    }

    /// Common name and organisations of a certificate's subject.
    static func identity(of certificate: NIOSSLCertificate) -> Identity? {
        guard let bytes = try? certificate.toDERBytes(), let parsed = try? Certificate(derEncoded: bytes) else { return nil }
        var user: String?
        var groups: [String] = []
        for attribute in parsed.subject.flatMap({ Array($0) }) {
            let text = String(attribute.value)
            if attribute.type == .NameAttributes.commonName { user = text }
            if attribute.type == .NameAttributes.organizationName, let text { groups.append(text) }
        }
        guard let user, !user.isEmpty else { return nil }
        return Identity(user: user, groups: groups + ["system:authenticated"])
    }
}
