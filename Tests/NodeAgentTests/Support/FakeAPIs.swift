import DevCluster
import KubeClient
import KubeModel
import Synchronization
import TestSupport

@testable import NodeAgent

extension APIError {
    static func answered(_ code: Int, _ reason: String, _ message: String? = nil) -> APIError {
        APIError(
            .status, operation: "test", object: "object", reason: reason,
            status: Status(status: "Failure", message: message, reason: reason, code: code))
    }

    static let notFound = answered(404, "NotFound")
    static let forbidden = answered(403, "Forbidden")
    static let conflict = answered(409, "Conflict")
    static let otherUID = answered(409, "Conflict", "Precondition failed: UID in precondition: u-1, UID in object meta: u-2")
    static let invalid = answered(422, "Invalid")
    static let alreadyExists = answered(409, "AlreadyExists")
    static let unavailable = answered(503, "ServiceUnavailable")
    static let unreachable = APIError(.unreachable, operation: "test", object: "object", reason: "no connection")
}

/// Failures that a fake gives out, one for each call, until there are none left.
final class Failures: Sendable {
    private let waiting: Mutex<[APIError?]>

    init(_ failures: [APIError?] = []) {
        waiting = Mutex(failures)
    }

    func next() throws {
        if let failure = waiting.withLock({ $0.isEmpty ? nil : $0.removeFirst() }) { throw failure }
    }
}

/// Takes statuses; calls are noted when they begin and wait at the turnstile.
final class FakePodStatusAPI: PodStatusAPI {
    let calls = Journal<String>()
    /// The calls that succeeded.
    let accepted = Journal<String>()
    let turnstile: Turnstile
    private let failures: Failures
    private let deletionFailures: Failures
    private let underWay = Mutex<[String: Int]>([:])
    private let most = Mutex(0)
    private let away = Mutex(false)

    init(turnstile: Turnstile = Turnstile(), failing failures: [APIError?] = [], failingDeletions: [APIError?] = []) {
        self.turnstile = turnstile
        self.failures = Failures(failures)
        deletionFailures = Failures(failingDeletions)
    }

    /// No call succeeds as long as it is set.
    var isAway: Bool {
        get { away.withLock { $0 } }
        set { away.withLock { $0 = newValue } }
    }

    /// The most calls that were under way for one pod.
    var mostAtOnce: Int { most.withLock { $0 } }

    func patchStatus(of pod: ObjectKey, _ patch: JSONValue) async throws -> ObjectVersion? {
        let phase = patch["status", "phase"]?.string ?? "-"
        try await call(pod, "patch \(pod.name) \(phase) \(patch["status", "message"]?.string ?? "-")", failures)
        return nil
    }

    func deletePod(_ pod: ObjectKey, uid: String) async throws {
        try await call(pod, "delete \(pod.name) \(uid)", deletionFailures)
    }

    private func call(_ pod: ObjectKey, _ text: String, _ failures: Failures) async throws {
        let count = underWay.withLock { calls in
            calls[pod.name, default: 0] += 1
            return calls[pod.name] ?? 0
        }
        most.withLock { $0 = max($0, count) }
        defer { underWay.withLock { $0[pod.name, default: 1] -= 1 } }
        calls.note(text)
        await turnstile.pass()
        if isAway { throw APIError.unreachable }
        try failures.next()
        accepted.note(text)
    }
}

final class FakeEventAPI: EventAPI {
    enum Call: Sendable {
        case create(Event)
        case patch(ObjectKey, JSONValue)

        var text: String {
            switch self {
            case .create(let event): "create \(event.reason)"
            case .patch(_, let patch): "count \(patch["count"]?.integer ?? 0)"
            }
        }
    }

    let calls = Journal<Call>()
    private let createFailures: Failures
    private let patchFailures: Failures

    init(failingCreates: [APIError?] = [], failingPatches: [APIError?] = []) {
        createFailures = Failures(failingCreates)
        patchFailures = Failures(failingPatches)
    }

    func create(event: Event) async throws {
        calls.note(.create(event))
        try createFailures.next()
    }

    func patch(event: ObjectKey, _ patch: JSONValue) async throws {
        calls.note(.patch(event, patch))
        try patchFailures.next()
    }

    var created: [Event] {
        calls.entries.compactMap { if case .create(let event) = $0 { event } else { nil } }
    }
}

/// Holds one lease and one node, with resource versions as the API server has them.
final class FakeNodeAPI: NodeAPI {
    private struct State {
        var lease: Lease?
        var node: Node?
        var version = 1
        var serverVersion = "v1.36.0"
    }

    let calls = Journal<String>()
    /// Answers to written statuses wait here.
    let answers: Turnstile
    private let state: Mutex<State>

    init(lease: Lease? = nil, node: Node? = nil, answers: Turnstile = Turnstile()) {
        self.answers = answers
        var held = lease
        held?.metadata.resourceVersion = "1"
        state = Mutex(State(lease: held, node: node))
    }

    var lease: Lease? { state.withLock { $0.lease } }
    var node: Node? { state.withLock { $0.node } }

    /// Writes the lease like another client.
    func touchLease() {
        state.withLock { state in
            state.version += 1
            state.lease?.metadata.resourceVersion = "\(state.version)"
        }
    }

    /// The object is deleted by another client.
    func forgetNode() { state.withLock { $0.node = nil } }

    func setServerVersion(_ version: String) { state.withLock { $0.serverVersion = version } }
    func serverVersion() async throws -> ServerVersion {
        let version = state.withLock { $0.serverVersion }
        guard !version.isEmpty else { throw APIError.forbidden }
        return ServerVersion(gitVersion: version)
    }

    func lease(_ key: ObjectKey) async throws -> Lease {
        calls.note("get")
        guard let lease = lease else { throw APIError.notFound }
        return lease
    }

    func createLease(_ lease: Lease) async throws -> Lease {
        defer { calls.note("create") }
        return try state.withLock { state in
            guard state.lease == nil else { throw APIError.alreadyExists }
            var stored = lease
            stored.metadata.resourceVersion = "\(state.version)"
            state.lease = stored
            return stored
        }
    }

    func updateLease(_ lease: Lease) async throws -> Lease {
        defer { calls.note("update") }
        return try state.withLock { state in
            guard state.lease?.metadata.resourceVersion == lease.metadata.resourceVersion else { throw APIError.conflict }
            state.version += 1
            var stored = lease
            stored.metadata.resourceVersion = "\(state.version)"
            state.lease = stored
            return stored
        }
    }

    func createNode(_ node: Node) async throws -> Node {
        defer { calls.note("create node") }
        return try state.withLock { state in
            guard state.node == nil else { throw APIError.alreadyExists }
            state.node = node
            return node
        }
    }

    func node(named name: String) async throws -> Node {
        guard let node = node else { throw APIError.notFound }
        return node
    }

    func patchNode(named name: String, _ patch: JSONValue) async throws -> Node {
        defer { calls.note("patch node") }
        return try apply(patch)
    }

    func patchNodeStatus(named name: String, _ patch: JSONValue) async throws -> Node {
        let stored = try apply(patch)
        calls.note("patch status")
        await answers.pass()
        return stored
    }

    private func apply(_ patch: JSONValue) throws -> Node {
        try state.withLock { state in
            guard let node = state.node else { throw APIError.notFound }
            let stored: Node = try Wire.decode(StrategicMergePatch.apply(patch, to: Wire.encode(node), kind: "Node"))
            state.node = stored
            return stored
        }
    }
}
