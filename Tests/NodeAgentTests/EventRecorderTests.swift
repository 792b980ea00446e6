import KubeClient
import KubeModel
import PodCore
import TestSupport
import Testing
import Timing

@testable import NodeAgent

@Suite("Event recorder", .timeLimit(.minutes(1)))
struct EventRecorderTests {
    private let time = ManualTime()
    private let web = PodIdentity(namespace: "shop", name: "web", uid: "1")
    private let backOff = PodEventRecord(.warning, "BackOff", "Back-off restarting", fieldPath: "spec.containers{main}")

    private func recorder(_ api: FakeEventAPI) -> EventRecorder {
        EventRecorder(api: api, nodeName: "node-1", time: time, logger: .silent)
    }

    @Test("an event names its object, reason and source")
    func saysWhoAndWhat() async throws {
        let api = FakeEventAPI()
        let recorder = recorder(api)
        recorder.record(backOff, about: web)
        recorder.record(PodEventRecord(.normal, "NodeReady", "ready"), aboutNode: "node-1")
        try await whileRunning(recorder.run) { await api.calls.wait(count: 2) }
        let pod = try #require(api.created.first)
        let node = try #require(api.created.last)
        #expect(pod.metadata.namespace == "shop")
        #expect(pod.metadata.name?.hasPrefix("web.") == true)
        #expect(pod.involvedObject == ObjectReference(kind: "Pod", namespace: "shop", name: "web", uid: "1", fieldPath: "spec.containers{main}"))
        #expect(pod.type == "Warning")
        #expect(pod.source == EventSource(component: "kubelet", host: "node-1"))
        #expect(pod.firstTimestamp == time.epoch)
        #expect(node.metadata.namespace == "default")
        #expect(node.involvedObject == ObjectReference(kind: "Node", name: "node-1", uid: "node-1"))
    }

    @Test("a repeated event is counted for an hour")
    func countsTheSameEventUpForAnHour() async throws {
        let api = FakeEventAPI()
        let recorder = recorder(api)
        try await whileRunning(recorder.run) {
            recorder.record(backOff, about: web)
            await api.calls.wait(count: 1)
            time.advance(by: .seconds(10))
            recorder.record(backOff, about: web)
            recorder.record(PodEventRecord(.warning, "BackOff", "another text"), about: web)
            await api.calls.wait(count: 3)
            time.advance(by: .seconds(3590))
            recorder.record(backOff, about: web)
            let calls = await api.calls.wait(count: 4)
            #expect(calls.map(\.text) == ["create BackOff", "count 2", "create BackOff", "create BackOff"])
            guard case .patch(let key, let patch) = calls[1] else { return }
            #expect(key == api.created[0].key)
            #expect(patch["lastTimestamp"]?.string == time.epoch.advanced(bySeconds: 10).rfc3339())
            #expect(Set(api.created.map(\.name)).count == 3)
        }
    }

    @Test("an expired event is made anew")
    func anEventThatExpiredIsMadeAnew() async throws {
        let api = FakeEventAPI(failingPatches: [.notFound])
        let recorder = recorder(api)
        try await whileRunning(recorder.run) {
            for seconds in 0..<3 {
                recorder.record(backOff, about: web)
                await api.calls.wait(count: [1, 3, 4][seconds])
                time.advance(by: .seconds(1))
            }
        }
        #expect(api.calls.entries.map(\.text) == ["create BackOff", "count 2", "create BackOff", "count 2"])
        guard case .patch(let key, _) = try #require(api.calls.entries.last) else { return }
        #expect(key == api.created[1].key)
    }

    @Test("a failed update does not increase the count")
    func aFailedCountIsNotCounted() async throws {
        let api = FakeEventAPI(failingPatches: [.unavailable])
        let recorder = recorder(api)
        for _ in 0..<3 { recorder.record(backOff, about: web) }
        try await whileRunning(recorder.run) { await api.calls.wait(count: 3) }
        #expect(api.calls.entries.map(\.text) == ["create BackOff", "count 2", "count 2"])
    }

    @Test("a long name leaves room for the event's time")
    func aLongNameLeavesRoomForTheStamp() async throws {
        let api = FakeEventAPI()
        let recorder = recorder(api)
        let long = String(repeating: "a", count: 209) + "." + String(repeating: "b", count: 43)
        recorder.record(backOff, about: PodIdentity(namespace: "shop", name: long, uid: "1"))
        try await whileRunning(recorder.run) { await api.calls.wait(count: 1) }
        let name = try #require(api.created.first?.name)
        #expect(name.count <= 253)
        #expect(!name.contains(".."))
        #expect(api.created.first?.involvedObject.name == long)
    }

    @Test("the oldest are dropped when too many wait")
    func theOldestAreDroppedWhenTooManyWait() async throws {
        let api = FakeEventAPI()
        let recorder = recorder(api)
        for number in 0..<1200 { recorder.record(PodEventRecord(.normal, "N\(number)", ""), about: web) }
        try await whileRunning(recorder.run) { await api.calls.wait { $0.last?.text == "create N1199" } }
        #expect(api.created.count == 1000)
        #expect(api.created.first?.reason == "N200")
        #expect(Set(api.created.map(\.name)).count == 1000)
    }
}
