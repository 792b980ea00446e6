package import KubeClient
package import KubeModel
package import PodCore

/// The source of a pod's ConfigMaps, Secrets, claims and service account tokens.
package protocol ReferencedObjectSource: Sendable {
    /// Keeps the named ConfigMaps and Secrets fresh until they are released. A node may not watch claims.
    func hold(_ names: ObjectNames, namespace: String)
    func release(_ names: ObjectNames, namespace: String)
    /// Returns the named objects, as far as they exist. Throws when the API server does not answer.
    func objects(_ names: ObjectNames, namespace: String) async throws -> ReferencedObjects
    /// Returns the handler of a RuntimeClass, `nil` for an unknown class.
    func runtimeHandler(ofClass name: String) async throws -> String?
    /// Returns a service account's uid and annotations. A node may not watch service accounts.
    func serviceAccount(_ name: String, namespace: String) async throws -> ServiceAccountFacts
    /// Requests a token of an hour for the pod's service account, which must be the one with this uid.
    func token(for pod: Pod, audience: String, accountUID: String) async throws -> TokenRequest.TokenStatus
    /// Requests a token for the pod's service account.
    func token(for pod: Pod, _ projection: VolumeProjection.ServiceAccountToken) async throws -> TokenRequest.TokenStatus
}

/// Reads through `KubeClient`'s watches.
package struct WatchedObjectSource: ReferencedObjectSource {
    /// Bytes of a ConfigMap that is kept for a while when no pod refers to it any more.
    private static let idleSize = 16 << 10

    private let client: KubeClient
    package let configMaps: WatchedObjects<ConfigMap>
    package let secrets: WatchedObjects<Secret>

    package init(_ client: KubeClient) {
        self.client = client
        // The cluster's certificate authority, above all, which nearly every pod mounts.
        configMaps = WatchedObjects(client, staysIdle: { $0.size <= Self.idleSize }) { $0.immutable == true }
        secrets = WatchedObjects(client) { $0.immutable == true }
    }

    package func hold(_ names: ObjectNames, namespace: String) {
        for name in names.configMaps { configMaps.acquire(ObjectKey(namespace: namespace, name: name)) }
        for name in names.secrets { secrets.acquire(ObjectKey(namespace: namespace, name: name)) }
    }

    package func release(_ names: ObjectNames, namespace: String) {
        for name in names.configMaps { configMaps.release(ObjectKey(namespace: namespace, name: name)) }
        for name in names.secrets { secrets.release(ObjectKey(namespace: namespace, name: name)) }
    }

    package func objects(_ names: ObjectNames, namespace: String) async throws -> ReferencedObjects {
        var found = ReferencedObjects()
        for name in names.configMaps {
            found.configMaps[name] = try await Self.ifPresent { try await configMaps.get(ObjectKey(namespace: namespace, name: name)) }
        }
        for name in names.secrets {
            found.secrets[name] = try await Self.ifPresent { try await secrets.get(ObjectKey(namespace: namespace, name: name)) }
        }
        for name in names.claims {
            found.claims[name] = try await Self.ifPresent { try await bound(ObjectKey(namespace: namespace, name: name)) }
        }
        return found
    }

    private func bound(_ key: ObjectKey) async throws -> BoundClaim {
        let claim = try await client.get(PersistentVolumeClaim.self, key)
        // The API server lets a node get a volume only when it is bound to a claim of one of the node's pods.
        guard claim.status?.phase == "Bound", let name = claim.spec.volumeName, !name.isEmpty else { return BoundClaim(claim: claim) }
        let volume = try await Self.ifPresent { try await client.get(PersistentVolume.self, ObjectKey(namespace: "", name: name)) }
        return BoundClaim(claim: claim, volume: volume)
    }

    /// Read for each sandbox: few pods have a class, so a watch would not pay.
    package func runtimeHandler(ofClass name: String) async throws -> String? {
        try await Self.ifPresent { try await client.get(RuntimeClass.self, ObjectKey(namespace: "", name: name)).handler }
    }

    package func token(for pod: Pod, _ projection: VolumeProjection.ServiceAccountToken) async throws -> TokenRequest.TokenStatus {
        try await token(TokenRequest(audience: projection.audience, expirationSeconds: projection.expirationSeconds ?? 3600, pod: pod), for: pod)
    }

    package func token(for pod: Pod, audience: String, accountUID: String) async throws -> TokenRequest.TokenStatus {
        try await token(TokenRequest(audience: audience, expirationSeconds: 3600, pod: pod, accountUID: accountUID), for: pod)
    }

    package func serviceAccount(_ name: String, namespace: String) async throws -> ServiceAccountFacts {
        let account = try await client.get(ServiceAccount.self, ObjectKey(namespace: namespace, name: name))
        return ServiceAccountFacts(uid: account.metadata.uid ?? "", annotations: account.metadata.annotations ?? [:])
    }

    private func token(_ request: TokenRequest, for pod: Pod) async throws -> TokenRequest.TokenStatus {
        let key = ObjectKey(namespace: pod.namespace, name: pod.spec.serviceAccountName ?? "default")
        let answer = try await client.createSubresource(ServiceAccount.resource, key, "token", request, answer: TokenRequest.self)
        guard let status = answer.status else {
            throw APIError(.badAnswer, operation: "create", object: "serviceaccounts/token \(key)", reason: "the answer has no status")
        }
        return status
    }

    private static func ifPresent<Object>(_ get: () async throws -> Object) async throws -> Object? {
        do {
            return try await get()
        } catch let error as APIError where error.isNotFound {
            return nil
        }
    }
}

extension ConfigMap {
    /// Bytes of the values, base64 as it is.
    fileprivate var size: Int { [data, binaryData].compactMap { $0 }.joined().reduce(0) { $0 + $1.value.utf8.count } }
}
