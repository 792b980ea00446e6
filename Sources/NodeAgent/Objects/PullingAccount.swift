package import KubeModel
package import PodCore

/// The service account of a pod, asked for when a credential provider wants it.
package struct PullingAccount: PodAccount {
    package let namespace: String
    package let name: String
    private let pod: Pod
    private let source: any ReferencedObjectSource
    private let tokens: TokenCache

    /// `nil` for a pod without a service account, such as a static pod.
    package init?(of pod: Pod, source: any ReferencedObjectSource, tokens: TokenCache) {
        guard let name = pod.spec.serviceAccountName, !name.isEmpty else { return nil }
        self.name = name
        namespace = pod.namespace
        self.pod = pod
        self.source = source
        self.tokens = tokens
    }

    package func facts() async throws -> ServiceAccountFacts { try await source.serviceAccount(name, namespace: namespace) }

    package func token(audience: String, uid: String) async throws -> String {
        try await tokens.token(for: pod, audience: audience, accountUID: uid)
    }
}
