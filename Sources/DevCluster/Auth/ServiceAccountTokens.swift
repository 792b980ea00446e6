import Crypto
import KubeModel
import Timing

/// Issues and checks the tokens of service accounts: JSON Web Tokens signed with ES256.
struct ServiceAccountTokens: Sendable {
    static let issuer = "https://kubernetes.default.svc.cluster.local"

    private let key = P256.Signing.PrivateKey()
    private let time: any TimeSource

    init(time: any TimeSource) { self.time = time }

    /// The claims of a valid token.
    struct Claims: Sendable {
        let namespace: String
        let account: String
        let accountUID: String
        let podName: String
        let podUID: String
        let nodeName: String
        let audiences: [String]
        let id: String
    }

    /// `bound` is the pod that the token lives and dies with.
    func issue(account: JSONValue, audiences: [String], seconds: Int64, bound pod: JSONValue?) throws -> (token: String, expiration: Timestamp) {
        let now = time.wallTime().wholeSeconds
        let expiration = now.advanced(bySeconds: seconds)
        var kubernetes: JSONValue = [
            "namespace": .string(account.namespace),
            "serviceaccount": ["name": .string(account.name), "uid": .string(account.uid)],
        ]
        if let pod {
            kubernetes["pod"] = ["name": .string(pod.name), "uid": .string(pod.uid)]
            let node = pod.text("spec", "nodeName")
            if !node.isEmpty { kubernetes["node"] = ["name": .string(node)] }
        }
        let header: JSONValue = ["alg": "ES256", "kid": .string(keyID), "typ": "JWT"]
        let payload: JSONValue = [
            "iss": .string(Self.issuer), "sub": .string("system:serviceaccount:\(account.namespace):\(account.name)"),
            "aud": .array((audiences.isEmpty ? [Self.issuer] : audiences).map { .string($0) }), "exp": .integer(expiration.seconds),
            "iat": .integer(now.seconds), "nbf": .integer(now.seconds), "jti": .string(UniqueID.make()), "kubernetes.io": kubernetes,
        ]
        let signed = Base64.encodeURL(JSONWriter.bytes(header)) + "." + Base64.encodeURL(JSONWriter.bytes(payload))
        let signature = try key.signature(for: Array(signed.utf8))
        return (signed + "." + Base64.encodeURL(Array(signature.rawRepresentation)), expiration)
    }

    private var keyID: String { Base64.encodeURL(Array(SHA256.hash(data: key.publicKey.derRepresentation))) }

    /// The claims of a token that this cluster signed and that has not expired; whether its objects still exist is
    /// for ``Authenticator`` to see.
    func verify(_ token: String) -> Claims? {
        let parts = token.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 3, let signature = Base64.decode(parts[2]), let payload = Base64.decode(parts[1]),
            let parsed = try? P256.Signing.ECDSASignature(rawRepresentation: signature),
            key.publicKey.isValidSignature(parsed, for: Array("\(parts[0]).\(parts[1])".utf8)),
            let claims = try? JSONParser.parse(payload), claims.text("iss") == Self.issuer,
            let expiration = claims["exp"]?.integer, expiration > time.wallTime().seconds
        else { return nil }
        let kubernetes = claims["kubernetes.io"] ?? [:]
        return Claims(
            namespace: kubernetes.text("namespace"), account: kubernetes.text("serviceaccount", "name"),
            accountUID: kubernetes.text("serviceaccount", "uid"),
            podName: kubernetes.text("pod", "name"), podUID: kubernetes.text("pod", "uid"), nodeName: kubernetes.text("node", "name"),
            audiences: claims.list("aud").compactMap(\.string), id: claims.text("jti"))
    }
}
