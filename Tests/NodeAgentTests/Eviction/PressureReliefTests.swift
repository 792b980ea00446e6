import KubeModel
import PodCore
import Synchronization
import TestSupport
import Testing
import Timing

@testable import NodeAgent

@Suite("A node that runs out of resources", .timeLimit(.minutes(1)))
struct PressureReliefTests {
    private static let memory: [EvictionSignal: EvictionAmount] = [.memoryAvailable: .quantity(Quantity(bytes: 100 << 20))]
    private static let disk: [EvictionSignal: EvictionAmount] = [.nodeFileSystemAvailable: .fraction(0.1)]

    @Test("it ends the largest pod, looks again once that has ended, and reports the shortage until the transition period is over")
    func memory() async throws {
        let node = PressureBench([FakePressure.room(memory: 50), FakePressure.room()], thresholds: Self.memory)
        node.bench.node.state.withLock { $0.workingSets = ["small": 10 << 20, "large": 300 << 20] }
        try await node.run([PressureBench.pod("small"), PressureBench.pod("large")]) {
            let status = await node.failed("large")
            let message = "The node was low on resource: memory. Threshold quantity: 100Mi, available: 50Mi. "
            #expect(status?.reason == "Evicted" && status?.message == message)
            #expect(status?.conditions?.first { $0.type == "DisruptionTarget" }?.message == message)
            #expect(status?.containerStatuses?.first?.state.terminated?.exitCode == 143)
            await node.source.looks.wait(count: 2)
            #expect(node.bench.pressures.current.present == [.memory])
            #expect(node.bench.time.now() == .zero)
            await node.bench.time.waitForSleeper(until: .seconds(10))
            node.bench.time.advance(by: .seconds(299))
            await node.source.looks.wait(count: 3)
            await node.bench.time.waitForSleeper(until: .seconds(309))
            #expect(node.bench.pressures.current.present == [.memory])
            node.bench.time.advance(by: .seconds(10))
            try await eventually("the end of the condition") { node.bench.pressures.current.present.isEmpty }
            #expect(await node.status("small")?.phase == .running)
            await node.bench.events.calls.wait { $0.contains { $0.text == "create Evicted" } }
            #expect(node.events("EvictionThresholdMet") == ["node-1: Attempting to reclaim memory"])
            #expect(node.events("Evicted") == ["large: \(message)"])
        }
    }

    @Test("it remembers an eviction before the pod's containers are stopped, and forgets it when the pod is gone")
    func remembers() async throws {
        let node = PressureBench([FakePressure.room(memory: 50), FakePressure.room()], thresholds: Self.memory)
        var pod = PressureBench.pod("large")
        try await node.run([pod]) {
            _ = await node.failed("large")
            #expect(node.bench.evictions.kept["u-large"]?.reason == "Evicted")
            pod.metadata.deletionTimestamp = node.bench.time.wallTime()
            node.bench.list([pod])
            await node.bench.statuses.wait { $0.contains("delete large u-large") }
            node.bench.delete(pod)
            try await eventually("the eviction to be forgotten") { node.bench.evictions.kept.isEmpty }
        }
    }

    @Test("the next agent ends an evicted pod and starts nothing of it, also when its containers have ended already")
    func restart() async throws {
        let (gone, kept) = (PodEviction.storageLimit("gone"), PodEviction.storageLimit("too much"))
        let bench = NodeBench(evictions: ["u1": kept, "u-gone": gone])
        let exit = ContainerExit(startedAt: nil, finishedAt: Timestamp(seconds: 9), exitCode: 5)
        bench.node.state.withLock { state in
            state.recovered = [
                NodeBench.sandbox(
                    "s1", of: PodIdentity(namespace: "default", name: "web", uid: "u1"),
                    [.init(configuration: NodeBench.configuration(id: "c1"), condition: .exited(exit))])
            ]
        }
        try await bench.run {
            bench.list([NodeBench.pod { $0.status = PodStatus(phase: .running) }])
            await bench.statuses.wait { $0.contains("patch web Failed too much") }
            let status = await bench.manager.pods().first?.status
            #expect(status?.reason == "Evicted" && status?.containerStatuses?.first?.restartCount == 0)
            #expect(status?.containerStatuses?.first?.state.terminated?.exitCode == 5)
            try await eventually("the other pod's eviction to be forgotten") { bench.evictions.kept == ["u1": kept] }
            bench.time.advance(by: .seconds(600))
            #expect(bench.node.didNot("start") && bench.node.didNot("create sandbox"))
        }
    }

    @Test("it waits thirty seconds beyond the grace period for a pod's end, and ends another one then")
    func stuck() async throws {
        let node = PressureBench([FakePressure.room(memory: 50)], thresholds: Self.memory)
        node.bench.node.state.withLock { state in
            state.workingSets = ["small": 10 << 20, "large": 300 << 20]
            state.signalFailures = Array(repeating: .internal, count: 1000)
        }
        try await node.run([PressureBench.pod("small"), PressureBench.pod("large")]) {
            await node.bench.events.calls.wait { $0.contains { $0.text == "create Evicted" } }
            await node.bench.time.waitForSleeper(until: .seconds(31))
            #expect(node.events("Evicted").map { $0.prefix(5) } == ["large"])
            node.bench.time.advance(by: .seconds(31))
            await node.bench.events.calls.wait { $0.count { $0.text == "create Evicted" } == 2 }
            #expect(node.events("Evicted").map { $0.prefix(5) } == ["large", "small"])
        }
    }

    @Test("no pod is ended where removing dead containers is enough, nor a critical pod ever")
    func spares() async throws {
        let node = PressureBench([FakePressure.room(disk: 50), FakePressure.room()], thresholds: Self.disk)
        try await node.run([PressureBench.pod("web")]) {
            await node.source.looks.wait(count: 2)
            await node.bench.events.calls.wait { $0.contains { $0.text == "create EvictionThresholdMet" } }
            #expect(await node.status("web")?.phase == .running && node.disk.looks.entries.isEmpty)
        }
        let full = PressureBench([FakePressure.room(disk: 50)], thresholds: Self.disk)
        var critical = PressureBench.pod("web")
        critical.spec.priority = 2_000_000_000
        try await full.run([critical]) {
            // The second look follows the removal of dead containers, the third ten seconds later.
            await full.source.looks.wait(count: 2)
            await full.bench.time.waitForSleeper(until: .seconds(10))
            full.bench.time.advance(by: .seconds(10))
            await full.source.looks.wait(count: 3)
            #expect(await full.status("web")?.phase == .running && full.bench.pressures.current.present == [.disk])
        }
    }

    @Test("it looks every ten seconds, and at once when programs wait for memory; no pod without a limit is measured")
    func rhythm() async throws {
        let node = PressureBench([FakePressure.room()], thresholds: Self.memory)
        try await node.run([PressureBench.pod("web")]) {
            await node.source.looks.wait(count: 1)
            node.source.raiseAlarm()
            await node.source.looks.wait(count: 2)
            await node.bench.time.waitForSleeper(until: .seconds(10))
            #expect(node.source.looks.entries.count == 2)
            node.bench.time.advance(by: .seconds(10))
            await node.source.looks.wait(count: 3)
            #expect(node.disk.looks.entries.isEmpty)
        }
    }

    @Test("pods over a limit of their local storage are ended, all of them at once, and quickly")
    func storageLimits() async throws {
        let node = PressureBench([FakePressure.room()], thresholds: [:])
        node.disk.state.withLock { state in
            for name in ["one", "two", "free"] { state.used[name] = PodDiskUse(layers: ["main": DiskUse(bytes: 11 << 20)]) }
        }
        try await node.run(
            [
                PressureBench.pod("one", storageLimit: "10Mi"), PressureBench.pod("two", storageLimit: "10Mi"),
                PressureBench.pod("within", storageLimit: "10Mi"), PressureBench.pod("free"),
            ]
        ) {
            for name in ["one", "two"] {
                let status = await node.failed(name)
                #expect(status?.message == "Pod ephemeral local storage usage exceeds the total limit of containers 10Mi. ")
                #expect(status?.reason == "Evicted" && status?.conditions?.contains { $0.type == "DisruptionTarget" } == false)
            }
            for name in ["within", "free"] { #expect(await node.status(name)?.phase == .running) }
            #expect(node.disk.looks.entries.allSatisfy { $0.pod.name != "free" && $0.containers.count == 1 })
        }
    }

    @Test("walking through folders takes a tenth of the time at most")
    func walks() async throws {
        let node = PressureBench([FakePressure.room()], thresholds: [:])
        node.disk.state.withLock { $0.takes = .seconds(3) }
        try await node.run([PressureBench.pod("web", storageLimit: "10Mi")]) {
            await node.disk.looks.wait(count: 1)
            // The next look follows the end of the walk. The walk from 0 to 3 s allows another one at 33 s.
            node.source.raiseAlarm()
            await node.source.looks.wait(count: 2)
            for (index, second) in [10, 20, 30].enumerated() {
                await node.bench.time.waitForSleeper(until: .seconds(second))
                node.bench.time.advance(by: .seconds(second) - node.bench.time.now())
                await node.source.looks.wait(count: index + 3)
            }
            await node.bench.time.waitForSleeper(until: .seconds(40))
            #expect(node.disk.looks.entries.count == 1)
            node.bench.time.advance(by: .seconds(10))
            await node.disk.looks.wait(count: 2)
        }
    }

    @Test("a new pod is refused while there is a shortage, with kubelet's words")
    func admission() async throws {
        let bench = NodeBench()
        bench.pressures.set(NodePressures([.memory: .present]))
        try await bench.run {
            bench.list([NodeBench.pod()])
            await bench.statuses.wait { $0.contains("patch web Failed Pod was rejected: The node had condition: [MemoryPressure]. ") }
            #expect(await bench.manager.pods().first?.status?.reason == "Evicted")
            #expect(bench.node.didNot("create sandbox"))
        }
    }
}
