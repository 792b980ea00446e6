import KubeModel
import NodeAgent
import PodCore
import Synchronization
import TestSupport
import Testing

@Suite("The node's figures on demand", .timeLimit(.minutes(1))) struct NodeStatisticsTests {
    /// One pod, whose measurement waits at a turnstile.
    private final class Meter: NodeMeter {
        let calls = Journal<Void>()
        let turnstile: Turnstile
        let fails: Locked<Bool>

        init(_ turnstile: Turnstile = Turnstile(), fails: Bool = false) {
            self.turnstile = turnstile
            self.fails = Locked(fails)
        }

        func measure() async throws(RuntimeFailure) -> NodeMeasurement {
            calls.note(())
            await turnstile.pass()
            if fails.value { throw RuntimeFailure(.internal, "no answer") }
            let stats = ResourceStats(measuredAt: Timestamp(seconds: 100))
            let cgroup = CgroupMeasurement(path: "/", startedAt: Timestamp(seconds: 1), stats: stats)
            return NodeMeasurement(
                facts: MachineFacts(), machine: cgroup,
                pods: [PodMeasurement(identity: NodeStatisticsTests.pod, sandboxID: "s", cgroup: cgroup)])
        }
    }

    private struct Pods: StoredPods {
        func storedPods() async -> [StoredPod] {
            var spec = PodSpec(containers: [])
            spec.volumes = try? Wire.decode(
                [Volume].self, #"[{"name":"cache","emptyDir":{}},{"name":"files","persistentVolumeClaim":{"claimName":"claim"}}]"#)
            return [
                StoredPod(
                    identity: NodeStatisticsTests.pod, spec: spec, containers: ["c": "id-c"],
                    volumePaths: [
                        "files": "/pods/uid-1/volumes/kubernetes.io~nfs/pv-7", "cache": "/pods/uid-1/volumes/kubernetes.io~empty-dir/cache",
                    ]),
                StoredPod(
                    identity: PodIdentity(namespace: "default", name: "other", uid: "uid-2"), spec: PodSpec(containers: []), containers: [:],
                    volumePaths: [:]),
            ]
        }
    }

    private struct Volumes: VolumeMeter {
        let asked = Journal<Void>()

        func statisticsOfVolumes() async throws(VolumeFailure) -> [String: [String: VolumeStatistics]] {
            asked.note(())
            return ["uid-1": ["pv-7": VolumeStatistics(capacityBytes: 9, availableBytes: 4, usedBytes: 5, inodes: 3, inodesFree: 1)]]
        }
    }

    private static let pod = PodIdentity(namespace: "default", name: "web", uid: "uid-1")

    private let time = ManualTime()
    private let volumes = Volumes()
    private let walks: FakeDiskUsage

    init() {
        walks = FakeDiskUsage(time: time)
        walks.state.withLock {
            $0.used["web"] = PodDiskUse(layers: ["c": DiskUse(bytes: 10, inodes: 1)], volumes: ["cache": DiskUse(bytes: 7, inodes: 2)])
        }
    }

    private func statistics(_ meter: Meter) -> NodeStatistics {
        NodeStatistics(
            .init(
                meter: meter, room: FakePressure([FakePressure.room()]), pods: Pods(), disk: DiskUseRecord(walks, time: time), volumes: volumes,
                images: FakeInventory(
                    .init(images: [FakeInventory.image("a", bytes: 5, lastUse: 0), FakeInventory.image("b", bytes: 6, lastUse: 0)]))),
            time: time, logger: .silent)
    }

    @Test("callers within a second share a measurement; the next second has its own") func shared() async throws {
        let meter = Meter()
        let statistics = statistics(meter)
        _ = try await statistics.measurement(.computing)
        time.advance(by: .milliseconds(900))
        _ = try await statistics.measurement(.computing)
        #expect(meter.calls.entries.count == 1)
        time.advance(by: .milliseconds(200))
        _ = try await statistics.measurement(.computing)
        #expect(meter.calls.entries.count == 2)
    }

    @Test("a caller that comes meanwhile waits and gets the same measurement") func oneAtATime() async throws {
        let meter = Meter(Turnstile(permits: 0))
        let statistics = statistics(meter)
        async let first = statistics.measurement(.computing)
        await meter.calls.wait(count: 1)
        async let second = statistics.measurement(.computing)
        meter.turnstile.permitOne()
        _ = try await (first, second)
        #expect(meter.calls.entries.count == 1)
    }

    @Test("a failed measurement is shared for a second, like any other") func failure() async throws {
        let meter = Meter(Turnstile(permits: 0), fails: true)
        let statistics = statistics(meter)
        let first = Task { try await statistics.measurement(.computing) }
        await meter.calls.wait(count: 1)
        let second = Task { try await statistics.measurement(.fileSystems) }
        meter.turnstile.permitOne()
        await #expect(throws: RuntimeFailure.self) { _ = try await first.value }
        await #expect(throws: RuntimeFailure.self) { _ = try await second.value }
        meter.fails.set(false)
        time.advance(by: .milliseconds(900))
        await #expect(throws: RuntimeFailure.self) { _ = try await statistics.measurement(.everything) }
        #expect(meter.calls.entries.count == 1)
        time.advance(by: .milliseconds(200))
        meter.turnstile.permitOne()
        _ = try await statistics.measurement(.computing)
        #expect(meter.calls.entries.count == 2)
    }

    @Test("the volumes of claims are measured when somebody asks for them, once a minute and without walks through folders") func claims()
        async throws
    {
        let statistics = statistics(Meter())
        try await whileRunning({ await statistics.run() }) {
            #expect(await statistics.claims().isEmpty)
            await volumes.asked.wait(count: 1)
            let wanted = VolumeStatistics(capacityBytes: 9, availableBytes: 4, usedBytes: 5, inodes: 3, inodesFree: 1)
            try await eventually("the claim's figures") {
                await statistics.claims() == [ClaimFigures(namespace: "default", claim: "claim", statistics: wanted)]
            }
            #expect(volumes.asked.entries.count == 1)
            time.advance(by: .seconds(61))
            _ = await statistics.claims()
            await volumes.asked.wait(count: 2)
            #expect(walks.looks.entries.isEmpty)
        }
    }

    @Test("storage is measured where it is wanted, and a measurement without it does not do") func storage() async throws {
        let meter = Meter()
        let statistics = statistics(meter)
        #expect(try await statistics.measurement(.computing).storage == nil)
        let storage = try #require(try await statistics.measurement(.fileSystems).storage)
        #expect(storage.room == FakePressure.room() && storage.images == 11 && storage.layers == nil)
        #expect(try await statistics.measurement(.computing).storage != nil)
        #expect(meter.calls.entries.count == 2)
    }

    @Test("folders and volumes are measured in the background, once a minute, when somebody has asked") func rounds() async throws {
        let statistics = statistics(Meter())
        try await whileRunning({ await statistics.run() }) {
            _ = try await statistics.measurement(.fileSystems)
            #expect(walks.looks.entries.isEmpty && volumes.asked.entries.isEmpty)
            #expect(try await statistics.measurement(.everything).pods.first?.disk == nil)
            // One pod after the other: what the first has is known when the second is looked at.
            await walks.looks.wait(count: 2)
            #expect(walks.looks.entries.first?.volumes == ["cache"] && walks.looks.entries.first?.containers == ["c": "id-c"])
            time.advance(by: .seconds(2))
            let pod = try #require(try await statistics.measurement(.everything).pods.first)
            #expect(pod.disk?.use.layers == ["c": DiskUse(bytes: 10, inodes: 1)])
            #expect(pod.volumes.map(\.name) == ["cache", "files"] && pod.volumes.map(\.claim) == [nil, "claim"])
            #expect(pod.volumes.map(\.statistics.usedBytes) == [7, 5] && pod.volumes.map(\.statistics.inodesUsed) == [2, 2])
            #expect(volumes.asked.entries.count == 1)
            // The first round may not be over yet, and is then as long as the time that passes here, which makes the next one later.
            while walks.looks.entries.count < 4 {
                time.advance(by: .seconds(70))
                _ = try await statistics.measurement(.everything)
                await Task.yield()
            }
            #expect(volumes.asked.entries.count >= 2)
        }
    }
}
