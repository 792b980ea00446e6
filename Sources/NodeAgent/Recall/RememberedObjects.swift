import KubeClient
package import KubeModel
package import Logging
package import PodCore
import Synchronization
package import Timing

/// Another source's objects and tokens, remembered as pods use them, and answered from the node's memory while the API server does not answer.
///
/// A refusal (403) or a missing object (404) is an answer and passes through.
package struct RememberedObjects: ReferencedObjectSource {
    /// How long a call may take while it is doubtful that the API server answers.
    static let patience = Duration.seconds(2)

    private let source: any ReferencedObjectSource
    private let memory: NodeMemory
    private let presence: APIPresence
    private let time: any TimeSource
    private let notice: RecallNotice

    package init(_ source: any ReferencedObjectSource, memory: NodeMemory, presence: APIPresence, time: any TimeSource, logger: Logger) {
        self.source = source
        self.memory = memory
        self.presence = presence
        self.time = time
        notice = RecallNotice(logger)
    }

    package func hold(_ names: ObjectNames, namespace: String) { source.hold(names, namespace: namespace) }
    package func release(_ names: ObjectNames, namespace: String) { source.release(names, namespace: namespace) }

    package func objects(_ names: ObjectNames, namespace: String) async throws -> ReferencedObjects {
        guard !names.isEmpty else { return ReferencedObjects() }
        return try await answer {
            let found = try await source.objects(names, namespace: namespace)
            for name in names.configMaps { memory.remember(.configMap(namespace, name), found.configMaps[name]) }
            for name in names.secrets { memory.remember(.secret(namespace, name), found.secrets[name]) }
            for name in names.claims { memory.remember(.claim(namespace, name), found.claims[name]?.recalledForm) }
            return found
        } recalled: { cause in
            try await recall(names, namespace, cause)
        }
    }

    private func recall(_ names: ObjectNames, _ namespace: String, _ cause: String) async throws(RecallFailure) -> ReferencedObjects {
        var found = ReferencedObjects()
        var unknown: [String] = []
        for name in names.configMaps.sorted() {
            switch await memory.recall(.configMap(namespace, name), as: ConfigMap.self) {
            case .known(let object): found.configMaps[name] = object
            case .absent: break
            case .unknown: unknown.append("configmap \"\(name)\"")
            }
        }
        for name in names.secrets.sorted() {
            switch await memory.recall(.secret(namespace, name), as: Secret.self) {
            case .known(let object): found.secrets[name] = object
            case .absent: break
            case .unknown: unknown.append("secret \"\(name)\"")
            }
        }
        for name in names.claims.sorted() {
            switch await memory.recall(.claim(namespace, name), as: BoundClaim.self) {
            case .known(let object): found.claims[name] = object
            case .absent: break
            case .unknown: unknown.append("persistentvolumeclaim \"\(name)\"")
            }
        }
        guard unknown.isEmpty else {
            throw RecallFailure(missing: "\(unknown.joined(separator: ", ")) is not in this node's memory", cause: cause)
        }
        return found
    }

    package func runtimeHandler(ofClass name: String) async throws -> String? {
        try await answer {
            let handler = try await source.runtimeHandler(ofClass: name)
            memory.remember(.runtimeClass(name), handler.map { RuntimeClass(name: name, handler: $0) })
            return handler
        } recalled: { cause in
            switch await memory.recall(.runtimeClass(name), as: RuntimeClass.self) {
            case .known(let found): return found.handler
            case .absent: return nil
            case .unknown: throw RecallFailure(missing: "runtimeclass \"\(name)\" is not in this node's memory", cause: cause)
            }
        }
    }

    // Not remembered. So without the API server a container whose image was pulled for its service account does not start again.
    package func serviceAccount(_ name: String, namespace: String) async throws -> ServiceAccountFacts {
        try await source.serviceAccount(name, namespace: namespace)
    }

    package func token(for pod: Pod, audience: String, accountUID: String) async throws -> TokenRequest.TokenStatus {
        try await source.token(for: pod, audience: audience, accountUID: accountUID)
    }

    package func token(for pod: Pod, _ projection: VolumeProjection.ServiceAccountToken) async throws -> TokenRequest.TokenStatus {
        let record = RecordName.token(podUID: pod.uid, projection)
        return try await answer {
            let token = try await source.token(for: pod, projection)
            memory.remember(record, token)
            return token
        } recalled: { cause in
            let account = "service account \(pod.namespace)/\(pod.spec.serviceAccountName ?? "default")"
            guard case .known(let token) = await memory.recall(record, as: TokenRequest.TokenStatus.self) else {
                throw RecallFailure(missing: "a token of \(account) is not in this node's memory", cause: cause)
            }
            guard time.wallTime() < token.expirationTimestamp else {
                throw RecallFailure(
                    missing: "the remembered token of \(account) expired at \(token.expirationTimestamp.rfc3339())", cause: cause)
            }
            return token
        }
    }

    /// Remembers the new state of objects that have changed in the API.
    package func changed(configMaps: Set<ObjectKey> = [], secrets: Set<ObjectKey> = []) async {
        for (key, names) in configMaps.map({ ($0, ObjectNames(configMap: $0.name)) }) + secrets.map({ ($0, ObjectNames(secret: $0.name)) }) {
            _ = try? await objects(names, namespace: key.namespace)
        }
    }

    private func answer<Answer: Sendable>(
        _ ask: @escaping @Sendable () async throws -> Answer, recalled: (_ cause: String) async throws -> Answer
    ) async throws -> Answer {
        if presence.hasNeverAnswered, let known = try? await recalled("it has not answered since this agent started") {
            notice.recalled()
            return known
        }
        do {
            let answer = try await presence.isDoubtful ? hurried(ask) : ask()
            notice.answered()
            return answer
        } catch let error as APIError where error.isNoAnswer {
            let known = try await recalled(error.description)
            notice.recalled()
            return known
        }
    }

    private func hurried<Answer: Sendable>(_ ask: @escaping @Sendable () async throws -> Answer) async throws -> Answer {
        try await withThrowingTaskGroup(of: Answer.self) { group in
            defer { group.cancelAll() }
            group.addTask { try await ask() }
            group.addTask {
                try await time.sleep(for: Self.patience)
                throw APIError(.timeout, operation: "get", object: "the pod's objects", reason: "no answer within \(Self.patience)")
            }
            guard let first = try await group.next() else { throw CancellationError() }
            return first
        }
    }
}

/// Says once that the memory answers, and again after the API server has answered.
private final class RecallNotice: Sendable {
    private let logger: Logger
    private let isGiven = Mutex(false)

    init(_ logger: Logger) {
        self.logger = logger
    }

    func recalled() {
        let isNew = isGiven.withLock { given in
            defer { given = true }
            return !given
        }
        if isNew { logger.notice("API server does not answer; pods get ConfigMaps, Secrets, claims and tokens from this node's memory") }
    }

    func answered() { isGiven.withLock { $0 = false } }
}

extension APIError {
    /// The API server did not answer the question: it cannot be reached, is in trouble, or does not know this node's credentials.
    var isNoAnswer: Bool { isTransient || isUnauthorized || [.untrustedServer, .clientCertificateRefused, .tls].contains(code) }
}
