import KubeModel
import PodCore
import TestSupport
import Testing

@testable import NodeAgent

@Suite("Remembered evictions")
struct RememberedEvictionsTests {
    @Test("the next agent finds an eviction as it was, until it is removed") func kept() async {
        let store = FakeRecordStore()
        let evictions = RememberedEvictions(store, logger: .silent)
        let eviction = PodEviction(reason: "Evicted", message: "too much", conditionMessage: "why", graceLimit: 1, isAnnounced: false)
        await evictions.store(eviction, podUID: "u1")
        #expect(store.names == ["evictions/u1"])
        #expect(await RememberedEvictions(store, logger: .silent).load() == ["u1": eviction])
        await evictions.remove(podUID: "u1")
        #expect(store.names.isEmpty)
    }

    @Test("a record that is not an eviction is left out and stays") func unreadable() async {
        let store = FakeRecordStore([.eviction("u1"): "text"])
        #expect(await RememberedEvictions(store, logger: .silent).load().isEmpty)
        #expect(store.names == ["evictions/u1"])
    }

    @Test("the records of evictions stay when those of unknown pods are removed") func unknownPods() async {
        let store = FakeRecordStore([.eviction("u1"): "text", .pod("u2"): "text"])
        let memory = NodeMemory(store: store, time: ManualTime(), logger: .silent)
        await memory.dropUnknown()
        await memory.flush()
        #expect(store.names == ["evictions/u1"])
    }
}
