import KubeClient
package import KubeModel
import PodCore
package import Timing

/// Service account tokens of the pods on this node, renewed at 80 % of their life or after 24 hours, as kubelet does.
package actor TokenCache {
    private enum Use: Hashable {
        case volume(VolumeProjection.ServiceAccountToken)
        case credentials(audience: String, accountUID: String)
    }

    private struct Key: Hashable {
        let podUID: String
        let use: Use
    }

    private struct Token {
        let text: String
        let expires: Timestamp
        let renewAt: Timestamp
    }

    private let source: any ReferencedObjectSource
    private let time: any TimeSource
    private var tokens: [Key: Token] = [:]

    package init(source: any ReferencedObjectSource, time: any TimeSource) {
        self.source = source
        self.time = time
    }

    /// Returns a valid token and the time of its renewal. While the API server is away, a token that has not expired stays in use.
    package func token(for pod: Pod, _ projection: VolumeProjection.ServiceAccountToken) async throws -> (text: String, renewAt: Timestamp) {
        try await token(Key(podUID: pod.uid, use: .volume(projection))) { [source] in try await source.token(for: pod, projection) }
    }

    /// Returns a valid token for a credential provider.
    package func token(for pod: Pod, audience: String, accountUID: String) async throws -> String {
        try await token(Key(podUID: pod.uid, use: .credentials(audience: audience, accountUID: accountUID))) { [source] in
            try await source.token(for: pod, audience: audience, accountUID: accountUID)
        }.text
    }

    private func token(
        _ key: Key, _ request: () async throws -> TokenRequest.TokenStatus
    ) async throws -> (text: String, renewAt: Timestamp) {
        let now = time.wallTime()
        if let token = tokens[key], now < token.renewAt { return (token.text, token.renewAt) }
        do {
            let status = try await request()
            let life = max(status.expirationTimestamp.seconds - now.seconds, 1)
            let token = Token(
                text: status.token, expires: status.expirationTimestamp, renewAt: now.advanced(bySeconds: min(life * 8 / 10, 86_400)))
            tokens[key] = token
            return (token.text, token.renewAt)
        } catch {
            guard let token = tokens[key], now < token.expires else { throw error }
            return (token.text, now.advanced(bySeconds: 60))
        }
    }

    package func forget(podUID: String) {
        tokens = tokens.filter { $0.key.podUID != podUID }
    }
}
