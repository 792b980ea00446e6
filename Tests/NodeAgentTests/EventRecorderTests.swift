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
        EventRecorder(api: api, nodeName: "node-1", time: time, random: { 0.5 }, logger: .silent)
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

    @Test("a repeated event counts up the first one")
    func countsTheSameEventUp() async throws {
        let api = FakeEventAPI()
        let recorder = recorder(api)
        try await whileRunning(recorder.run) {
            recorder.record(backOff, about: web)
            await api.calls.wait(count: 1)
            time.advance(by: .seconds(10))
            recorder.record(backOff, about: web)
            let calls = await api.calls.wait(count: 2)
            #expect(calls.map(\.text) == ["create BackOff", "count 2"])
            guard case .patch(let key, let patch) = calls[1] else { return }
            #expect(key == api.created[0].key)
            #expect(patch["lastTimestamp"]?.string == time.epoch.advanced(bySeconds: 10).rfc3339())
            #expect(patch["message"]?.string == backOff.message)
        }
    }

    @Test("an expired event is made anew with its count")
    func anEventThatExpiredIsMadeAnew() async throws {
        let api = FakeEventAPI(failingPatches: [.notFound])
        let recorder = recorder(api)
        for _ in 0..<3 { recorder.record(backOff, about: web) }
        try await whileRunning(recorder.run) { await api.calls.wait(count: 4) }
        #expect(api.calls.entries.map(\.text) == ["create BackOff", "count 2", "create BackOff", "count 3"])
        #expect(api.created.map(\.count) == [1, 2])
        #expect(api.created[0].key == api.created[1].key)
    }

    @Test("an event that the API server does not get is sent again, and the others wait in order", arguments: [APIError.unreachable, .unavailable])
    func unsentEventsAreSentAgain(failure: APIError) async throws {
        let api = FakeEventAPI(failingCreates: [failure, failure, .alreadyExists])
        let recorder = recorder(api)
        recorder.record(PodEventRecord(.normal, "A", ""), about: web)
        recorder.record(PodEventRecord(.normal, "B", ""), about: web)
        try await whileRunning(recorder.run) {
            // The first pause is spread over ten seconds, the others are ten seconds long.
            await time.waitForSleeper(until: .seconds(5))
            time.advance(by: .seconds(5))
            await time.waitForSleeper(until: .seconds(15))
            time.advance(by: .seconds(10))
            #expect(await api.calls.wait(count: 4).map(\.text) == ["create A", "create A", "create A", "create B"])
        }
        #expect(Set(api.created.map(\.name)).count == 2)
        #expect(recorder.losses.counts.isEmpty)
    }

    @Test("an event is given up after twelve tries")
    func anEventIsGivenUpAfterTwelveTries() async throws {
        let api = FakeEventAPI(failingCreates: Array(repeating: .unreachable, count: 12))
        let recorder = recorder(api)
        recorder.record(PodEventRecord(.normal, "A", ""), about: web)
        recorder.record(PodEventRecord(.normal, "B", ""), about: web)
        try await whileRunning(recorder.run) {
            for pause in 0..<11 {
                await time.waitForSleeper(until: .seconds(5 + 10 * pause))
                time.advance(by: .seconds(pause == 0 ? 5 : 10))
            }
            await api.calls.wait(count: 13)
        }
        #expect(api.calls.entries.map(\.text) == Array(repeating: "create A", count: 12) + ["create B"])
        #expect(recorder.losses.counts == [.unreachable: 1])
    }

    @Test("a refused event is not sent again", arguments: [APIError.forbidden, .invalid])
    func aRefusedEventIsNotSentAgain(failure: APIError) async throws {
        let api = FakeEventAPI(failingCreates: [failure])
        let recorder = recorder(api)
        recorder.record(PodEventRecord(.normal, "A", ""), about: web)
        recorder.record(PodEventRecord(.normal, "B", ""), about: web)
        try await whileRunning(recorder.run) { await api.calls.wait(count: 2) }
        #expect(api.calls.entries.map(\.text) == ["create A", "create B"])
        #expect(time.sleeps.entries.isEmpty)
        #expect(recorder.losses.counts == [.rejected: 1])
    }

    @Test("the events that the spam filter drops are counted")
    func filteredEventsAreCounted() async throws {
        let api = FakeEventAPI()
        let recorder = recorder(api)
        for _ in 0..<30 { recorder.record(backOff, about: web) }
        recorder.record(PodEventRecord(.normal, "Last", ""), about: web)
        try await whileRunning(recorder.run) { await api.calls.wait { $0.last?.text == "create Last" } }
        #expect(api.calls.entries.count == 26)
        #expect(recorder.losses.counts == [.spamFilter: 5])
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
        // Each about another pod, so that none is filtered.
        for number in 0..<1200 { recorder.record(backOff, about: PodIdentity(namespace: "shop", name: "p\(number)", uid: "\(number)")) }
        try await whileRunning(recorder.run) { await api.calls.wait(count: 1000) }
        #expect(api.created.map(\.involvedObject.name) == (200..<1200).map { "p\($0)" })
        #expect(Set(api.created.map(\.name)).count == 1000)
        #expect(recorder.losses[.queueFull] == 200)
    }
}
