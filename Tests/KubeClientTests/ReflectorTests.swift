import KubeClient
import KubeModel
import TestSupport
import Testing
import Timing

@Suite(.timeLimit(.minutes(1))) struct ReflectorTests {
    typealias API = ScriptedAPI
    private let scope = ObjectScope(namespace: "ns", fieldSelector: "spec.nodeName=n1", labelSelector: "a=b")

    /// Runs a reflector against the script and hands the test its updates.
    private func run(
        _ api: ScriptedAPI, time: ManualTime = ManualTime(), pageSize: Int? = nil, refusalPause: Duration? = nil,
        _ body: (Reflector<ConfigMap>, inout ReflectorUpdates<ConfigMap>.AsyncIterator, ScriptedServer) async throws -> Void
    ) async throws {
        try await ScriptedServer.with {
            api.answer($0)
        } _: { server in
            let client = try TestClient.make(server.url, time: time)
            defer { client.shutdown() }
            let reflector = Reflector<ConfigMap>(client, scope: scope, pageSize: pageSize, refusalPause: refusalPause)
            var updates = reflector.updates().makeAsyncIterator()
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { await reflector.run() }
                try await body(reflector, &updates, server)
                group.cancelAll()
            }
        }
    }

    private func key(_ name: String) -> ObjectKey { ObjectKey(namespace: "ns", name: name) }

    /// Takes updates until the store looks as wanted.
    private func wait(_ updates: inout ReflectorUpdates<ConfigMap>.AsyncIterator, until isDone: () -> Bool) async {
        while !isDone() { guard await updates.next() != nil else { return } }
    }

    @Test("a list is followed by a watch from its version")
    func listThenWatch() async throws {
        let gate = Turnstile(permits: 0)
        let api = API(
            lists: [API.list("10", [API.configMap("a", 1), API.configMap("b", 2)])],
            watches: [
                [
                    API.head, .wait(gate),
                    .chunk(API.event("MODIFIED", API.configMap("a", 11, "new")) + API.event("DELETED", API.configMap("b", 12))),
                    .chunk(API.event("BOOKMARK", #"{"metadata":{"resourceVersion":"20"}}"#)), .hang,
                ]
            ])
        try await run(api) { reflector, updates, server in
            #expect(!reflector.hasSynced)
            let first = try #require(await updates.next())
            #expect(Set(first.keys) == [key("a"), key("b")])
            #expect(reflector.hasSynced)
            gate.open()
            let second = try #require(await updates.next())
            guard case .stored(let a)? = second[key("a")], case .deleted(let b)? = second[key("b")] else {
                Issue.record("found \(second)")
                return
            }
            #expect(a.data == ["k": "new"] && b.uid == "u-b")
            #expect(Set(reflector.objects.keys) == [key("a")])
            let seen = server.requests
            #expect(seen[0].path == "/api/v1/namespaces/ns/configmaps")
            #expect(seen[0].query == ["fieldSelector": "spec.nodeName=n1", "labelSelector": "a=b", "resourceVersion": "0"])
            #expect(
                seen[1].query["resourceVersion"] == "10" && seen[1].query["allowWatchBookmarks"] == "true" && seen[1].query["timeoutSeconds"] == "300"
            )
        }
    }

    @Test("an empty list counts as synced")
    func anEmptyListCountsAsSynced() async throws {
        try await run(API(lists: [API.list("1", [])], watches: [])) { reflector, updates, _ in
            let first = await updates.next()
            #expect(first?.isEmpty == true)
            #expect(reflector.hasSynced)
        }
    }

    @Test("410 Gone leads to a new list, and objects missing from it are deleted")
    func goneMeansListAgainAndMissingObjectsAreDeleted() async throws {
        for gone in [
            ScriptedServer.Step.failure(410, "Expired", "too old"),
            [API.head, .chunk(#"{"type":"ERROR","object":{"kind":"Status","status":"Failure","reason":"Expired","code":410}}"# + "\n"), .end],
        ] {
            let time = ManualTime()
            let api = API(
                lists: [API.list("10", [API.configMap("a", 1), API.configMap("b", 2)]), API.list("50", [API.configMap("b", 2)])], watches: [gone])
            try await run(api, time: time) { reflector, updates, server in
                await wait(&updates) { reflector.objects.count == 1 }
                #expect(Set(reflector.objects.keys) == [key("b")])
                // The newest list, because the version is known to be too old; and no pause, because the list is the cure.
                #expect(server.requests[2].query["resourceVersion"] == nil)
                #expect(!time.pauses.contains(.seconds(1)))
            }
        }
    }

    @Test("the watch continues where its connection broke")
    func watchGoesOnWhereTheConnectionBroke() async throws {
        let time = ManualTime()
        let (line, next) = (API.event("ADDED", API.configMap("b", 12)), API.event("ADDED", API.configMap("c", 13)))
        let api = API(
            lists: [API.list("10", [])],
            watches: [
                [API.head, .chunk(API.event("ADDED", API.configMap("a", 11)) + line.prefix(20)), .cut], [API.head, .chunk(line + next), .hang],
            ])
        try await run(api, time: time) { reflector, updates, server in
            await wait(&updates) { reflector.objects.count == 1 }
            await time.passPause(shorterThan: .seconds(5))
            await wait(&updates) { reflector.objects.count == 3 }
            // No second list; the watch starts after the last whole event.
            #expect(server.requests.map { $0.query["resourceVersion"] } == ["0", "10", "11"])
        }
    }

    @Test("failures are repeated with back-off and keep the copy")
    func failuresBackOffAndKeepTheCopy() async throws {
        let time = ManualTime()
        let broken = ScriptedServer.Step.failure(500, "InternalError", "broken")
        let api = API(lists: [broken, broken, broken, API.list("10", [API.configMap("a", 1)])], watches: [])
        try await run(api, time: time) { reflector, updates, _ in
            for _ in 0..<3 { await time.passPause(shorterThan: .seconds(9)) }
            await wait(&updates) { reflector.hasSynced }
            #expect(time.pauses.filter { $0 < .seconds(9) } == [.seconds(1), .seconds(2), .seconds(4)])
            #expect(reflector.failure == nil)
        }
    }

    @Test("a watch that ends at once does not become a busy loop")
    func aWatchThatEndsAtOnceIsNoBusyLoop() async throws {
        let time = ManualTime()
        let api = API(
            lists: [API.list("10", [])],
            watches: [[API.head, .end], [API.head, .end], [API.head, .chunk(API.event("ADDED", API.configMap("a", 11))), .hang]])
        try await run(api, time: time) { reflector, updates, _ in
            await time.passPause(shorterThan: .seconds(5))
            await time.passPause(shorterThan: .seconds(5))
            await wait(&updates) { reflector.objects.count == 1 }
        }
    }

    @Test("malformed objects are skipped and the others processed")
    func malformedObjectsAreSkippedAndTheRestGoesOn() async throws {
        let bad = #"{"metadata":{"name":"bad","namespace":"ns","resourceVersion":"3"},"data":"no map"}"#
        let api = API(
            lists: [API.list("10", [API.configMap("a", 1), bad, API.configMap("b", 2)])],
            watches: [
                [
                    API.head,
                    .chunk(
                        API.event("MODIFIED", bad) + "not json\n" + API.event("NEWTYPE", "{}") + API.event("ADDED", API.configMap("c", 11))
                            + API.event("DELETED", #"{"metadata":{"name":"a","namespace":"ns","resourceVersion":"12"},"data":7}"#)), .hang,
                ]
            ])
        try await run(api) { reflector, updates, _ in
            await wait(&updates) { Set(reflector.objects.keys) == [key("b"), key("c")] }
            #expect(reflector.failure == nil)
        }
    }

    @Test("a stuck watch is given up")
    func aStuckWatchIsGivenUp() async throws {
        let time = ManualTime()
        let api = API(
            lists: [API.list("10", [])],
            watches: [
                [API.head, .chunk(API.event("ADDED", API.configMap("a", 11))), .hang],
                [API.head, .chunk(API.event("ADDED", API.configMap("b", 12))), .hang],
            ])
        try await run(api, time: time) { reflector, updates, server in
            await wait(&updates) { reflector.objects.count == 1 }
            await time.passPause(shorterThan: .seconds(331))
            await time.passPause(shorterThan: .seconds(5))
            await wait(&updates) { reflector.objects.count == 2 }
            #expect(time.now() >= .seconds(330))
            #expect(server.requests.map { $0.query["resourceVersion"] } == ["0", "10", "11"])
        }
    }

    @Test("a slow consumer gets one update with the latest state")
    func aSlowConsumerGetsOneUpdateWithTheLatest() async throws {
        let gate = Turnstile(permits: 0)
        let many = (11..<500).map { API.event("MODIFIED", API.configMap("a", $0, "v\($0)")) }
        let api = API(
            lists: [API.list("10", [API.configMap("a", 1)])],
            watches: [[API.head, .wait(gate)] + many.map { .chunk($0) } + [.chunk(API.event("ADDED", API.configMap("end", 999))), .hang]])
        try await run(api) { reflector, updates, _ in
            let slow = reflector.updates().makeAsyncIterator()
            _ = await updates.next()
            gate.open()
            await wait(&updates) { reflector.objects.count == 2 }
            let news = try #require(await slow.next())
            #expect(news.count == 2 && news[key("a")]?.object.data == ["k": "v499"])
        }
    }

    @Test("a list in pages is followed to its end")
    func pagesAreFollowed() async throws {
        let first = ScriptedServer.Step.json(200, #"{"metadata":{"resourceVersion":"10","continue":"next"},"items":[\#(API.configMap("a", 1))]}"#)
        let api = API(lists: [first, API.list("10", [API.configMap("b", 2)])], watches: [])
        try await run(api, pageSize: 500) { reflector, updates, server in
            let first = await updates.next()
            #expect(first?.count == 2)
            #expect(server.requests[0].query["limit"] == "500" && server.requests[0].query["resourceVersion"] == nil)
            #expect(server.requests[1].query["continue"] == "next")
        }
    }

    @Test("objects that an agent can do without are asked for again when they were refused, rarely", arguments: [403, 404])
    func optionalObjects(status: Int) async throws {
        let time = ManualTime()
        let api = API(lists: [ScriptedServer.Step.failure(status, "Refused", "no"), API.list("10", [API.configMap("a", 1)])], watches: [])
        try await run(api, time: time, refusalPause: .seconds(600)) { reflector, updates, server in
            await time.passPause(of: .seconds(600))
            await wait(&updates) { reflector.objects.count == 1 }
            #expect(server.requests.count >= 2 && reflector.failure == nil)
        }
    }
}
