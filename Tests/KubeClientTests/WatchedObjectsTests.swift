import KubeClient
import KubeModel
import TestSupport
import Testing
import Timing

@Suite(.timeLimit(.minutes(1))) struct WatchedObjectsTests {
    typealias API = ScriptedAPI
    private let key = ObjectKey(namespace: "ns", name: "a")

    private func run(
        _ script: @escaping ScriptedServer.Script, time: ManualTime = ManualTime(), staysIdle: Bool = false,
        _ body: (WatchedObjects<ConfigMap>, ScriptedServer) async throws -> Void
    ) async throws {
        try await ScriptedServer.with(script) { server in
            let client = try TestClient.make(server.url, time: time)
            defer { client.shutdown() }
            let objects = WatchedObjects<ConfigMap>(client, staysIdle: { _ in staysIdle }) { $0.immutable ?? false }
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { await objects.run() }
                try await body(objects, server)
                group.cancelAll()
            }
        }
    }

    private func value(_ objects: WatchedObjects<ConfigMap>) async throws -> String? {
        try await objects.get(key).data?["k"]
    }

    @Test("many holders share one watch and get its changes")
    func oneWatchForManyHoldersAndChangesAreTold() async throws {
        let gate = Turnstile(permits: 0)
        let api = API(
            lists: [API.list("10", [API.configMap("a", 1, "old")])],
            watches: [[API.head, .wait(gate), .chunk(API.event("MODIFIED", API.configMap("a", 11, "new"))), .hang]])
        try await run({ api.answer($0) }) { objects, server in
            objects.acquire(key)
            objects.acquire(key)
            #expect(await objects.nextChanges() == [key])
            let found1 = try await objects.get(key)
            #expect(found1.data == ["k": "old"])
            gate.open()
            #expect(await objects.nextChanges() == [key])
            let found2 = try await objects.get(key)
            #expect(found2.data == ["k": "new"])
            objects.release(key)
            let found3 = try await objects.get(key)
            #expect(found3.data == ["k": "new"])
            #expect(server.requests.count == 2)
            #expect(server.requests[0].query["fieldSelector"] == "metadata.name=a")
        }
    }

    @Test("an object without a holder is read from the API")
    func anObjectThatNobodyHoldsIsAskedFor() async throws {
        try await run({ _ in ScriptedServer.Step.json(200, API.configMap("a", 1)) }) { objects, server in
            let found4 = try await objects.get(key)
            #expect(found4.name == "a")
            #expect(server.requests.map(\.path) == ["/api/v1/namespaces/ns/configmaps/a"])
        }
    }

    @Test("the API server's refusal is the error")
    func refusalOfTheAPIServerIsTheError() async throws {
        try await run({ _ in ScriptedServer.Step.failure(403, "Forbidden", "no relationship found") }) { objects, _ in
            objects.acquire(key)
            let error = try await #require(throws: APIError.self) { try await objects.get(key) }
            #expect(error.isForbidden)
        }
    }

    @Test("the watch of an immutable object ends")
    func anImmutableObjectIsNotWatchedOn() async throws {
        let ended = Turnstile(permits: 0)
        let api = API(lists: [API.list("10", [API.configMap("a", 1, immutable: true)])], watches: [])
        try await run({ request in
            if request.query["watch"] == nil, request.path.hasSuffix("/a") { ended.open() }
            return api.answer(request)
        }) { objects, server in
            objects.acquire(key)
            #expect(await objects.nextChanges() == [key])
            // The list is used up: had the object not been kept, this would fail.
            for _ in 0..<3 {
                let kept = try await objects.get(key)
                #expect(kept.immutable == true)
            }
            #expect(server.requests.filter { $0.query["watch"] == nil }.count == 1)
        }
    }

    @Test("a new holder after the last release starts a new watch")
    func acquiringAgainAfterTheLastReleaseStartsAnew() async throws {
        let api = API(lists: [API.list("10", [API.configMap("a", 1, "one")]), API.list("20", [API.configMap("a", 2, "two")])], watches: [])
        try await run({ api.answer($0) }) { objects, _ in
            objects.acquire(key)
            #expect(await objects.nextChanges() == [key])
            objects.release(key)
            objects.acquire(key)
            #expect(await objects.nextChanges() == [key])
            let found5 = try await objects.get(key)
            #expect(found5.data == ["k": "two"])
        }
    }

    @Test("a held object is read by the list of its watch alone")
    func firstRead() async throws {
        let gate = Turnstile(permits: 0)
        let list = API.list("10", [API.configMap("a", 1, "one")])
        try await run({ $0.query["watch"] == nil ? [.wait(gate)] + list : [.head(200, []), .hang] }) { objects, server in
            objects.acquire(key)
            async let found = objects.get(key)
            gate.open()
            let data = try await found.data
            #expect(data == ["k": "one"])
            #expect(server.requests.allSatisfy { $0.path.hasSuffix("/configmaps") })
        }
    }

    @Test("an object that stays idle serves the next holder, for five minutes")
    func idle() async throws {
        let time = ManualTime()
        let missing = ScriptedServer.Step.failure(404, "NotFound", "no")
        let api = API(lists: [API.list("10", [API.configMap("a", 1, "one")]), API.list("20", [API.configMap("a", 2, "two")])], watches: [])
        try await run({ $0.path.hasSuffix("/a") ? missing : api.answer($0) }, time: time, staysIdle: true) { objects, server in
            let lists = { server.requests.count { $0.query["watch"] == nil && $0.query["fieldSelector"] != nil } }
            objects.acquire(key)
            #expect(try await value(objects) == "one")
            objects.release(key)
            await time.waitForSleeper(until: .seconds(300))
            time.advance(by: .seconds(200))
            objects.acquire(key)
            #expect(try await value(objects) == "one")
            objects.release(key)
            // The idle time counts from the last release.
            time.advance(by: .seconds(100))
            await time.waitForSleeper(until: .seconds(500))
            #expect(lists() == 1)
            time.advance(by: .seconds(200))
            try await eventually("the end of the idle time") { (try? await value(objects)) == nil }
            objects.acquire(key)
            #expect(try await value(objects) == "two")
            #expect(lists() == 2)
        }
    }

    @Test("an idle object that the API server forbids is forgotten without a word, and watched again for the next holder")
    func forbiddenWhileIdle() async throws {
        let (gate, time) = (Turnstile(permits: 0), ManualTime())
        let forbidden = ScriptedServer.Step.failure(403, "Forbidden", "no")
        let api = API(
            lists: [API.list("10", [API.configMap("a", 1, "one")]), API.list("20", [API.configMap("a", 2, "two")])],
            watches: [[.wait(gate)] + forbidden])
        let missing = ScriptedServer.Step.failure(404, "NotFound", "no")
        try await run({ $0.path.hasSuffix("/a") ? missing : api.answer($0) }, time: time, staysIdle: true) { objects, _ in
            objects.acquire(key)
            #expect(try await value(objects) == "one")
            objects.release(key)
            await time.waitForSleeper(until: .seconds(300))
            gate.open()
            // Without a holder: for one, the API server would be asked again.
            try await eventually("the end of the watch") { (try? await value(objects)) == nil }
            objects.acquire(key)
            #expect(try await value(objects) == "two")
            #expect(time.now() == .zero)
        }
    }
}
