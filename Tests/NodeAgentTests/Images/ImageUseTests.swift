import KubeModel
import PodCore
import Synchronization
import TestSupport
import Testing

@testable import KubeClient
@testable import NodeAgent

@Suite("Use of images that are on the node", .timeLimit(.minutes(1)))
struct ImageUseTests {
    private let node = FakeNode()
    private let events = FakeEventAPI()
    private let time = ManualTime()

    private final class Room: ImageRoom {
        let asked = Journal<Int64?>()
        let isMade: Bool

        init(isMade: Bool) { self.isMade = isMade }

        func makeRoom(free: Int64?) async -> Bool {
            asked.note(free)
            return isMade
        }
    }

    /// Ensures the image of a pod's container, and returns its problem and the events.
    private func ensure(
        _ policy: String = "IfNotPresent", secrets: [String] = [], verification: ImageVerification = ImageVerification(),
        room: (any ImageRoom)? = nil, events count: Int
    ) async throws -> (problem: ImageProblem?, events: [String]) {
        let recorder = EventRecorder(api: events, nodeName: "node-1", time: time, logger: .silent)
        let runner = ActionRunner(
            ports: node.ports, context: { fatalError("no context is needed") }, events: recorder, sandboxes: SandboxIndex(), time: time,
            logger: .silent, verification: verification, room: room, makeID: { "id" })
        let snapshot = try NodeBench.snapshot(#""image":"r/app:1","imagePullPolicy":"\#(policy)""#) { pod in
            pod.spec.imagePullSecrets = secrets.map { LocalObjectReference(name: $0) }
        }
        var problem: ImageProblem?
        try await whileRunning({ await recorder.run() }) {
            if case .imageFailed(_, let failure)? = await runner.ensureImage("main", snapshot) { problem = failure }
            await events.calls.wait(count: count)
        }
        return (problem, events.created.map(\.reason))
    }

    private func addSecret(_ name: String) throws {
        let config = #"{"auths":{"r":{"username":"u","password":"p"}}}"#
        let secret = try Wire.decode(
            Secret.self, #"{"metadata":{"name":"\#(name)","uid":"uid-\#(name)"},"data":{".dockerconfigjson":"\#(Wire.base64(config))"}}"#)
        node.state.withLock { $0.secrets[name] = secret }
    }

    @Test("a pod whose credentials did not bring an image asks the registry, with them")
    func asksTheRegistry() async throws {
        try addSecret("login")
        node.state.withLock { $0.imageAccess = .restricted }
        let (problem, events) = try await ensure(secrets: ["login"], events: 2)
        #expect(problem == nil && events == ["Pulling", "Pulled"])
        #expect(node.state.withLock { $0.credentials.map(\.owner) } == [CredentialOwner(uid: "uid-login", namespace: "default", name: "login")])
    }

    @Test("a pod whose credentials brought an image uses it without the registry")
    func admitted() async throws {
        try addSecret("login")
        node.state.withLock { state in
            state.imageAccess = .restricted
            state.admitted = ["login"]
        }
        let (problem, events) = try await ensure(secrets: ["login"], events: 1)
        #expect(problem == nil && events == ["Pulled"] && node.didNot("pull"))
    }

    @Test("an image that the pod may not use is not there for it when nothing is to be pulled")
    func never() async throws {
        node.state.withLock { $0.imageAccess = .restricted }
        let (problem, events) = try await ensure("Never", events: 1)
        #expect(problem?.reason == .errImageNeverPull && events == ["ErrImageNeverPull"] && node.didNot("pull"))
        #expect(problem?.message == "Container image \"r/app:1\" is not present with pull policy of Never")
    }

    @Test("an image whose pull the registry refuses is not used, although it is on the node")
    func refused() async throws {
        node.state.withLock { state in
            state.imageAccess = .restricted
            state.pullFailures = [ImageFailure(.pullFailed, "401")]
        }
        let (problem, events) = try await ensure(events: 2)
        #expect(problem?.reason == .errImagePull && events == ["Pulling", "Failed"])
    }

    @Test(
        "the node's policy decides which images need credentials",
        arguments: [
            (ImageVerification(.neverVerify), ImageAccess.restricted, false), (ImageVerification(), .unrecorded, false),
            (ImageVerification(.alwaysVerify), .unrecorded, true), (ImageVerification(.alwaysVerify), .open, false),
            (ImageVerification(.neverVerifyAllowlistedImages, allowlist: ["r/app"]), .restricted, false),
            (ImageVerification(.neverVerifyAllowlistedImages, allowlist: ["r/ap"]), .unrecorded, true),
        ])
    func policies(verification: ImageVerification, access: ImageAccess, pulls: Bool) async throws {
        node.state.withLock { $0.imageAccess = access }
        let (problem, events) = try await ensure(verification: verification, events: pulls ? 2 : 1)
        #expect(problem == nil && events == (pulls ? ["Pulling", "Pulled"] : ["Pulled"]))
    }

    @Test("a registry that is away is told with Kubernetes' reason and words")
    func registryUnavailable() async throws {
        node.state.withLock { state in
            state.imageIsPresent = false
            state.pullFailures = [ImageFailure(.registryUnavailable, "no answer")]
        }
        let (problem, _) = try await ensure(events: 2)
        #expect(problem?.reason == .registryUnavailable)
        #expect(problem?.message == "image pull failed for r/app:1 because the registry is unavailable: no answer")
        #expect(events.created.last?.message == "Failed to pull image \"r/app:1\": RegistryUnavailable: no answer")
    }

    @Test("a pull that finds too little room is tried once more when there is some, and fails otherwise", arguments: [true, false])
    func room(isMade: Bool) async throws {
        node.state.withLock { state in
            state.imageIsPresent = false
            state.pullFailures = [ImageFailure(.noRoom, "full", freeBytes: 7)]
        }
        let room = Room(isMade: isMade)
        let (problem, events) = try await ensure(room: room, events: 2)
        #expect(room.asked.entries == [7])
        #expect(node.did.entries.filter { $0.hasPrefix("pull") }.count == (isMade ? 2 : 1))
        #expect(problem?.reason == (isMade ? nil : .errImagePull) && events.last == (isMade ? "Pulled" : "Failed"))
    }

    @Test("a pull that fails for another reason removes nothing")
    func noRoomNeeded() async throws {
        node.state.withLock { state in
            state.imageIsPresent = false
            state.pullFailures = [ImageFailure(.storeFailed, "broken")]
        }
        let room = Room(isMade: true)
        _ = try await ensure(room: room, events: 2)
        #expect(room.asked.entries.isEmpty)
    }
}
