import KubeClient
import KubeModel
import PodCore
import Synchronization
import TestSupport
import Testing
import Timing

@testable import NodeAgent

@Suite("Objects from the node's memory", .timeLimit(.minutes(1))) struct RememberedObjectsTests {
    /// Answers until it has an error.
    private final class Source: ReferencedObjectSource {
        let error = Mutex<APIError?>(nil)
        let calls = Journal<String>()
        /// Calls do not come back.
        let hangs = Mutex(false)
        private let time: ManualTime

        init(_ time: ManualTime) {
            self.time = time
        }

        func hold(_ names: ObjectNames, namespace: String) {}
        func release(_ names: ObjectNames, namespace: String) {}

        private func answer<Answer>(_ call: String, _ answer: () throws -> Answer) async throws -> Answer {
            calls.note(call)
            if hangs.withLock({ $0 }) { try await time.sleep(for: .seconds(1 << 20)) }
            if let error = error.withLock({ $0 }) { throw error }
            return try answer()
        }

        func objects(_ names: ObjectNames, namespace: String) async throws -> ReferencedObjects {
            try await answer("objects") {
                ReferencedObjects(
                    configMaps: names.configMaps.contains("settings")
                        ? ["settings": try Wire.decode(["metadata": ["name": "settings", "namespace": "default"], "data": ["a": "1"]])] : [:],
                    secrets: names.secrets.contains("key")
                        ? ["key": try Wire.decode(["metadata": ["name": "key", "namespace": "default"], "data": ["k": "djE="]])] : [:],
                    claims: names.claims.contains("disk") ? ["disk": try Self.boundClaim()] : [:])
            }
        }

        private static func boundClaim() throws -> BoundClaim {
            BoundClaim(
                claim: try Wire.decode([
                    "metadata": ["name": "disk", "namespace": "default", "uid": "c1", "resourceVersion": "7"], "spec": ["volumeName": "pv"],
                    "status": ["phase": "Bound"],
                ]),
                volume: try Wire.decode([
                    "metadata": ["name": "pv", "resourceVersion": "8"], "spec": ["claimRef": ["uid": "c1"], "local": ["path": "/mnt"]],
                ]))
        }

        func runtimeHandler(ofClass name: String) async throws -> String? { try await answer("class") { name == "fast" ? "runc" : nil } }

        func serviceAccount(_ name: String, namespace: String) async throws -> ServiceAccountFacts {
            try await answer("account") { ServiceAccountFacts(uid: "a1", annotations: [:]) }
        }

        func token(for pod: Pod, audience: String, accountUID: String) async throws -> TokenRequest.TokenStatus {
            try await token(for: pod, Wire.decode(VolumeProjection.ServiceAccountToken.self, #"{"path":"token"}"#))
        }

        func token(for pod: Pod, _ projection: VolumeProjection.ServiceAccountToken) async throws -> TokenRequest.TokenStatus {
            let end = time.wallTime().advanced(bySeconds: 3600)
            return try await answer("token") { try Wire.decode(["token": "t1", "expirationTimestamp": .string(end.rfc3339())]) }
        }
    }

    private let time = ManualTime()
    private let store = FakeRecordStore()
    private let hasList = Locked(true)
    private let failure = Locked<APIError?>(nil)
    private let pod: Pod
    private let names: ObjectNames
    private let projection: VolumeProjection.ServiceAccountToken

    init() throws {
        let volumes: [Volume] = try Wire.decode([
            ["name": "a", "configMap": ["name": "settings"]], ["name": "b", "secret": ["secretName": "key"]],
            ["name": "c", "secret": ["secretName": "optional", "optional": true]],
            ["name": "d", "projected": ["sources": [["serviceAccountToken": ["path": "token", "audience": "x"]]]]],
            ["name": "e", "persistentVolumeClaim": ["claimName": "disk"]], ["name": "f", "persistentVolumeClaim": ["claimName": "missing"]],
        ])
        pod = NodeBench.pod {
            $0.spec.volumes = volumes
            $0.spec.runtimeClassName = "fast"
        }
        names = ObjectNames(pod: pod)
        projection = try Wire.decode(["path": "token", "audience": "x"])
    }

    private func agent(_ source: Source) async -> (RememberedObjects, NodeMemory, APIPresence) {
        let memory = NodeMemory(store: store, time: time, logger: .silent)
        memory.remember(pod)
        let (hasList, failure) = (hasList, failure)
        let presence = APIPresence(time: time, hasList: { hasList.value }, failure: { failure.value }, firstOutcome: {})
        return (RememberedObjects(source, memory: memory, presence: presence, time: time, logger: .silent), memory, presence)
    }

    /// Uses everything once while the API server answers.
    private func fill() async throws {
        let (objects, memory, _) = await agent(Source(time))
        _ = try await objects.objects(names, namespace: "default")
        _ = try await objects.runtimeHandler(ofClass: "fast")
        _ = try await objects.token(for: pod, projection)
        await memory.flush()
    }

    @Test(
        "without an answer of the API server, pods get what they used before, also across a restart of the agent",
        arguments: [
            APIError.unreachable, .unavailable, APIError(.timeout, operation: "get", object: "x", reason: "r"), .answered(401, "Unauthorized"),
            .answered(429, "TooManyRequests"), APIError(.clientCertificateRefused, operation: "get", object: "x", reason: "r"),
        ])
    func noAnswer(error: APIError) async throws {
        try await fill()
        let source = Source(time)
        source.error.withLock { $0 = error }
        let (objects, _, _) = await agent(source)
        let found = try await objects.objects(names, namespace: "default")
        #expect(found.configMaps["settings"]?.data == ["a": "1"] && found.secrets["key"]?.data == ["k": "djE="])
        #expect(found.secrets["optional"] == nil)
        #expect(found.claims["disk"]?.claim.uid == "c1" && found.claims["disk"]?.volume?.spec.local?.path == "/mnt")
        #expect(found.claims["disk"]?.claim.metadata.resourceVersion == nil, "a record must not change with every write of the object")
        #expect(found.claims["missing"] == nil)
        #expect(try await objects.runtimeHandler(ofClass: "fast") == "runc")
        #expect(try await objects.token(for: pod, projection).token == "t1")
    }

    @Test("a refusal and a missing object are answers", arguments: [APIError.forbidden, .notFound]) func answers(error: APIError) async throws {
        try await fill()
        let source = Source(time)
        source.error.withLock { $0 = error }
        let (objects, _, _) = await agent(source)
        await #expect(throws: APIError.self) { try await objects.objects(names, namespace: "default") }
        await #expect(throws: APIError.self) { try await objects.runtimeHandler(ofClass: "fast") }
        await #expect(throws: APIError.self) { try await objects.token(for: pod, projection) }
    }

    @Test("an object that is not in the memory is named, with the reason why the API server did not give it") func unknown() async throws {
        let source = Source(time)
        source.error.withLock { $0 = .unreachable }
        let (objects, _, _) = await agent(source)
        let error = await #expect(throws: RecallFailure.self) { try await objects.objects(ObjectNames(secret: "key"), namespace: "default") }
        #expect(
            error?.description
                == "the API server does not answer, and secret \"key\" is not in this node's memory; trying again (cannot test object: no connection)"
        )
    }

    @Test("a token is used until it expires, and then the failure says so") func expiredToken() async throws {
        try await fill()
        let source = Source(time)
        source.error.withLock { $0 = .unreachable }
        let (objects, _, _) = await agent(source)
        time.advance(by: .seconds(3599))
        #expect(try await objects.token(for: pod, projection).token == "t1")
        time.advance(by: .seconds(1))
        let error = await #expect(throws: RecallFailure.self) { try await objects.token(for: pod, projection) }
        #expect(error?.description.contains("the remembered token of service account default/default expired at 2027-01-15T09:00:00Z") == true)
    }

    @Test("an agent that started without the API server does not ask it for what it remembers") func startedWithout() async throws {
        try await fill()
        hasList.set(false)
        let source = Source(time)
        source.error.withLock { $0 = .unreachable }
        let (objects, _, presence) = await agent(source)
        #expect(await presence.isAwayAtStart())
        #expect(try await objects.objects(names, namespace: "default").secrets["key"] != nil)
        #expect(source.calls.entries == [])
        // Of what it does not remember it asks.
        await #expect(throws: RecallFailure.self) { try await objects.objects(ObjectNames(secret: "new"), namespace: "default") }
        #expect(source.calls.entries == ["objects"])
        // And again for all once the API server has answered.
        hasList.set(true)
        source.error.withLock { $0 = nil }
        #expect(try await objects.objects(names, namespace: "default").secrets["key"] != nil)
        #expect(source.calls.entries == ["objects", "objects"])
    }

    @Test("while the watch has failed, a call that does not come back is not waited for") func hanging() async throws {
        try await fill()
        failure.set(.unreachable)
        let source = Source(time)
        source.hangs.withLock { $0 = true }
        let (objects, _, _) = await agent(source)
        async let found = objects.objects(names, namespace: "default")
        await time.waitForSleeper(until: RememberedObjects.patience)
        time.advance(by: RememberedObjects.patience)
        #expect(try await found.secrets["key"] != nil)
    }
}

@Suite("Presence of the API server", .timeLimit(.minutes(1))) struct APIPresenceTests {
    private func presence(hasList: Bool, answers: Bool, _ time: ManualTime = ManualTime()) -> APIPresence {
        APIPresence(time: time, hasList: { hasList }, failure: { nil }) {
            if !answers { try? await time.sleep(for: .seconds(1 << 20)) }
        }
    }

    @Test("an agent that starts does not wait for an API server that cannot be reached, and waits two seconds for one that is silent")
    func start() async {
        #expect(await !presence(hasList: true, answers: true).isAwayAtStart())
        #expect(await presence(hasList: false, answers: true).isAwayAtStart())
        let time = ManualTime()
        let silent = presence(hasList: false, answers: false, time)
        async let isAway = silent.isAwayAtStart()
        await time.waitForSleeper(until: .seconds(2))
        #expect(!silent.hasNeverAnswered)
        time.advance(by: .seconds(2))
        #expect(await isAway)
        #expect(silent.hasNeverAnswered)
    }
}

@Suite("Services from the node's memory", .timeLimit(.minutes(1))) struct RememberedServicesTests {
    private struct Listing: ServiceListing {
        let list: [Service]?
        func services(in namespaces: Set<String>) async -> [Service]? { list }
    }

    @Test("environments show the Services of before, as far as the node's pods need them") func services() async throws {
        let (time, store) = (ManualTime(), FakeRecordStore())
        let memory = NodeMemory(store: store, time: time, logger: .silent)
        memory.remember(NodeBench.pod { $0.metadata.namespace = "shop" })
        let services: [Service] = try [
            ("shop", "web", "10.96.0.2"), ("other", "db", "10.96.0.3"), ("default", "kubernetes", "10.96.0.1"), ("shop", "headless", "None"),
        ]
        .map { namespace, name, address in
            try Wire.decode([
                "metadata": ["name": .string(name), "namespace": .string(namespace)],
                "spec": ["clusterIP": .string(address), "ports": [["port": 80]], "selector": ["a": "b"]],
            ])
        }
        let there = APIPresence(time: time, hasList: { true }, failure: { nil }, firstOutcome: {})
        #expect(await RememberedServices(Listing(list: services), memory: memory, presence: there).services(in: ["shop"]) == services)
        await memory.flush()
        #expect(await RememberedServices(Listing(list: nil), memory: memory, presence: there).services(in: ["shop"]) == nil)
        let away = APIPresence(time: time, hasList: { false }, failure: { nil }, firstOutcome: {})
        #expect(await away.isAwayAtStart())
        let found = try #require(await RememberedServices(Listing(list: nil), memory: memory, presence: away).services(in: ["shop"]))
        #expect(found.map(\.name) == ["kubernetes", "web"])
        #expect(
            ServiceEnvironment.variables(services: found, namespace: "shop", links: true)
                == ServiceEnvironment.variables(services: services, namespace: "shop", links: true))
    }
}
