import KubeClient
import KubeModel
import NodeAgent
import Synchronization

/// The API server as one agent calls it: it may be away, refuse, and lose answers. A killed agent's calls have no effect.
struct AgentAPI: PodStatusAPI, EventAPI, MirrorPodAPI {
    let api: SimulatedAPI
    let ports: AgentPorts

    private var world: World { api.world }

    func patchStatus(of pod: ObjectKey, _ patch: JSONValue) async throws -> ObjectVersion? {
        try await call("status of \(pod.name) \(patch["status", "phase"]?.string ?? "-")") {
            try api.store(patch["status"] ?? .null, of: pod, uid: patch["metadata", "uid"]?.string ?? "")
        }
    }

    func deletePod(_ pod: ObjectKey, uid: String) async throws {
        try await call("final delete of \(pod.name)") { try api.finish(pod, uid: uid) }
    }

    func createMirrorPod(_ pod: JSONValue, _ key: ObjectKey) async throws {
        try await call("mirror pod \(key.name)") {}
    }

    func create(event: Event) async throws {
        try await call("event \(event.reason)") {}
    }

    func patch(event: ObjectKey, _ patch: JSONValue) async throws {
        try await call("event again") { if world.fails(oneIn: 10) { throw Answer.notFound } }
    }

    private func call<Result>(_ what: String, _ effect: () throws -> Result) async throws -> Result {
        guard await ports.pass() else { throw CancellationError() }
        if api.state.withLock({ $0.isAway }) || world.fails(oneIn: 20) { throw Answer.unavailable }
        world.note(what)
        let result = try effect()
        guard await ports.pass() else { throw CancellationError() }
        if world.fails(oneIn: 30) { throw Answer.unavailable }
        return result
    }
}

/// Answers of the API server that are failures.
enum Answer {
    static let notFound = answered(404, "NotFound")
    static let unavailable = answered(503, "ServiceUnavailable")
    static let otherUID = answered(409, "Conflict", "Precondition failed: UID in precondition: u-1, UID in object meta: u-2")

    private static func answered(_ code: Int, _ reason: String, _ message: String? = nil) -> APIError {
        APIError(
            .status, operation: "simulated", object: "object", reason: reason,
            status: Status(status: "Failure", message: message, reason: reason, code: code))
    }
}
