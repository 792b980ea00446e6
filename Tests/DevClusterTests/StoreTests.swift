import KubeModel
import Testing

@testable import DevCluster

@Suite("Object store")
struct StoreTests {
    @Test("an object that starts or stops matching is an addition or deletion for the watch") func watchFollowsSelectorTransitions() async throws {
        let store = try await Fixtures.store()
        let filter = ObjectFilter(labels: try LabelMatcher(parsing: "app=a"))
        let watch = try await store.watch(.configMaps, filter, from: .now)
        _ = try await Fixtures.create(.configMaps, ["metadata": ["name": "x", "labels": ["app": "a"]]], store)
        _ = try await Fixtures.create(.configMaps, ["metadata": ["name": "other"]], store)
        _ = try await Fixtures.update(.configMaps, "x", store) { $0["data"] = ["k": "v"] }
        _ = try await Fixtures.update(.configMaps, "x", store) { $0["metadata", "labels", "app"] = "b" }
        _ = try await Fixtures.update(.configMaps, "x", store) { $0["data"] = ["k": "w"] }
        _ = try await Fixtures.update(.configMaps, "x", store) { $0["metadata", "labels", "app"] = "a" }
        _ = try await Fixtures.delete(.configMaps, "x", store)
        #expect(await Fixtures.drain(watch) == ["ADDED x", "MODIFIED x", "DELETED x", "ADDED x", "DELETED x"])
    }

    @Test("initial events end with a bookmark") func initialEventsEndWithABookmark() async throws {
        let store = try await Fixtures.store()
        _ = try await Fixtures.create(.configMaps, ["metadata": ["name": "x"]], store)
        let watch = try await store.watch(.configMaps, ObjectFilter(), from: .stateThenBookmark)
        await store.bookmark(watch.id)
        #expect(await Fixtures.drain(watch) == ["ADDED x", "BOOKMARK end", "BOOKMARK"])
    }

    @Test("a watch replays from a known revision and refuses a forgotten one") func watchReplaysFromARevisionAndRefusesForgottenOnes() async throws {
        let store = try await Fixtures.store(historyLength: 3)
        let first = try await Fixtures.create(.configMaps, ["metadata": ["name": "a"]], store).revision
        for name in ["b", "c", "d"] { _ = try await Fixtures.create(.configMaps, ["metadata": ["name": .string(name)]], store) }
        #expect(await Fixtures.drain(try await store.watch(.configMaps, ObjectFilter(), from: .after(first))) == ["ADDED b", "ADDED c", "ADDED d"])
        let old = await #expect(throws: APIError.self) { try await store.watch(.configMaps, ObjectFilter(), from: .after(first - 1)) }
        #expect(old?.code == 410 && old?.reason == "Expired")
        let future = await #expect(throws: APIError.self) { try await store.watch(.configMaps, ObjectFilter(), from: .after(999)) }
        #expect(future?.code == 504)
    }

    @Test("a watch that falls too far behind is ended") func aSlowWatchIsEnded() async throws {
        let store = try await Fixtures.store()
        let watch = try await store.watch(.configMaps, ObjectFilter(), from: .now)
        _ = try await Fixtures.create(.configMaps, ["metadata": ["name": "a"]], store)
        for index in 0..<(ObjectStore.watchBuffer + 10) {
            _ = try await Fixtures.update(.configMaps, "a", store) { $0["data"] = ["k": .string("\(index)")] }
        }
        var count = 0
        for await _ in watch.items { count += 1 }  // ends only because the store ended it
        #expect(count == ObjectStore.watchBuffer)
    }

    @Test("an equal object is not a change") func anEqualObjectIsNoChange() async throws {
        let store = try await Fixtures.store()
        let before = try await Fixtures.create(.configMaps, ["metadata": ["name": "a"], "data": ["k": "v"]], store).revision
        let after = try await Fixtures.update(.configMaps, "a", store) { $0["data"] = ["k": "v"] }.revision
        #expect(before == after)
    }

    @Test("an update with an old revision or another uid is a conflict") func conflicts() async throws {
        let store = try await Fixtures.store()
        let first = try await Fixtures.create(.configMaps, ["metadata": ["name": "a"]], store)
        _ = try await Fixtures.update(.configMaps, "a", store) { $0["data"] = ["k": "v"] }
        let stale = await #expect(throws: APIError.self) {
            try await Fixtures.update(.configMaps, "a", store) { $0["metadata", "resourceVersion"] = first["metadata", "resourceVersion"] }
        }
        #expect(stale?.code == 409 && stale?.reason == "Conflict")
        let foreign = await #expect(throws: APIError.self) { try await Fixtures.update(.configMaps, "a", store) { $0["metadata", "uid"] = "other" } }
        #expect(foreign?.code == 409)
        let twice = await #expect(throws: APIError.self) { try await Fixtures.create(.configMaps, ["metadata": ["name": "a"]], store) }
        #expect(twice?.reason == "AlreadyExists")
        let precondition = await #expect(throws: APIError.self) { try await Fixtures.delete(.configMaps, "a", uid: "other", store) }
        #expect(precondition?.code == 409)
    }

    @Test("finalizers hold a deletion") func finalizersHoldADeletion() async throws {
        let store = try await Fixtures.store()
        _ = try await Fixtures.create(.configMaps, ["metadata": ["name": "a", "finalizers": ["x/y"]]], store)
        guard case .pending(let marked) = try await Fixtures.delete(.configMaps, "a", store) else {
            Issue.record("removed in spite of a finalizer")
            return
        }
        #expect(marked.isBeingDeleted)
        _ = try await Fixtures.update(.configMaps, "a", store) { $0["metadata", "finalizers"] = [] }
        #expect(await store.list(.configMaps).isEmpty)
    }
}
