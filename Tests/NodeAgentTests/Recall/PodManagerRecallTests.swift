import KubeModel
import PodCore
import Synchronization
import TestSupport
import Testing
import Timing

@testable import NodeAgent

@Suite("Pod manager without the API server", .timeLimit(.minutes(1)))
struct PodManagerRecallTests {
    /// A pod that an earlier agent has run, as it was last reported.
    private static func ran(_ uid: String, _ name: String, phase: PodPhase = .running, _ change: (inout Pod) -> Void = { _ in }) -> Pod {
        NodeBench.pod(uid: uid, name: name) { pod in
            let state: ContainerState =
                phase == .running ? .running(since: Timestamp(seconds: 5)) : .terminated(.init(exitCode: 0, reason: "Completed"))
            var container = ContainerStatus(name: "main", image: "app", state: state)
            container.containerID = "swiftlet://\(uid)-c0"
            container.restartCount = 4
            pod.status = PodStatus(phase: phase)
            pod.status?.startTime = Timestamp(seconds: 3)
            pod.status?.containerStatuses = [container]
            change(&pod)
        }
    }

    /// Waits until the restarts of so many remembered pods show in their statuses.
    private func waitUntilRunning(_ bench: NodeBench, _ count: Int) async throws {
        try await eventually("the pods run again") {
            let containers = await bench.manager.pods().compactMap { $0.status?.containerStatuses?.first }
            return containers.count { $0.state.running != nil && $0.restartCount == 5 } == count
        }
    }

    /// Lets time pass until so many writes of each pod's statuses have failed that the API server counts as away.
    private func passOutage(_ bench: NodeBench) async {
        while !Task.isCancelled {
            let calls = bench.statuses.entries
            let byPod = Dictionary(grouping: calls) { $0.split(separator: " ").dropFirst().first }
            if calls.count >= 12, byPod.values.allSatisfy({ $0.count >= 4 }) { return }
            await passPause(bench)
        }
    }

    /// Lets time pass until a write that waits after failures has succeeded.
    private func wait(_ bench: NodeBench, for call: String) async {
        while !bench.api.accepted.entries.contains(call), !Task.isCancelled { await passPause(bench) }
    }

    private func passPause(_ bench: NodeBench) async { await bench.time.passPauseIfAny(shorterThan: .seconds(11)) }

    /// Starts a pod that the API server has just sent, and waits until it runs: everything that came before has been worked off then.
    private func startAnother(_ bench: NodeBench, beside pods: [Pod]) async {
        bench.list(pods + [NodeBench.pod(uid: "last", name: "last")])
        await bench.api.accepted.wait { $0.contains("patch last Running -") }
    }

    @Test("remembered pods are started, and each is reported once when the API server answers; nothing is started again")
    func reportedOnce() async throws {
        let pods = [Self.ran("u1", "web"), Self.ran("u2", "db")]
        let store = try FakeRecordStore(pods: pods)
        let bench = NodeBench(store: store)
        try await bench.run(isAway: true) {
            try await waitUntilRunning(bench, 2)
            await passOutage(bench)
            bench.api.isAway = false
            bench.list(pods)
            for name in ["web", "db"] { await wait(bench, for: "patch \(name) Running -") }
            await startAnother(bench, beside: pods)
            let calls = bench.api.accepted.entries
            #expect(calls.count { $0.contains("web") } == 1 && calls.count { $0.contains("db") } == 1, "\(calls)")
            #expect(bench.node.did.entries.count { $0.hasPrefix("start main") } == 3)
            let shown = await bench.manager.pods().first { $0.uid == "u1" }
            #expect(shown?.status?.containerStatuses?.first?.restartCount == 5 && shown?.status?.startTime == Timestamp(seconds: 3))
        }
    }

    @Test("a pod that was deleted meanwhile ends when the API server answers, and is forgotten; a changed pod is changed")
    func deletedAndChanged() async throws {
        let pods = [Self.ran("u1", "web"), Self.ran("u2", "db")]
        let store = try FakeRecordStore(pods: pods)
        let bench = NodeBench(store: store)
        try await bench.run(isAway: true) {
            try await waitUntilRunning(bench, 2)
            await passOutage(bench)
            bench.api.isAway = false
            var changed = pods[0]
            changed.metadata.labels = ["color": "green"]
            bench.list([changed])
            await bench.node.did.wait { $0.contains("remove all u2") }
            await startAnother(bench, beside: [])
            #expect(await bench.manager.pods().first { $0.uid == "u1" }?.metadata.labels == ["color": "green"])
            try await eventually("the pod is forgotten") {
                await bench.memory?.flush()
                return store.names.filter { $0.hasPrefix("pods/") } == ["pods/last", "pods/u1"]
            }
        }
    }

    @Test("a pod that was over is not started, and its end is reported if the API server does not know it")
    func terminal() async throws {
        let over = Self.ran("u1", "job", phase: .succeeded)
        let bench = NodeBench(store: try FakeRecordStore(pods: [over]))
        try await bench.run(isAway: true) {
            await bench.node.did.wait { $0.contains("tear down u1") }
            bench.api.isAway = false
            bench.list([Self.ran("u1", "job")])
            await wait(bench, for: "patch job Succeeded -")
            await startAnother(bench, beside: [])
            #expect(bench.node.did.entries.count { $0.hasPrefix("start main") } == 1)
        }
    }

    @Test("a pod whose deletion had begun is not started; it is deleted from the API when the API server answers")
    func deletionHadBegun() async throws {
        let ending = Self.ran("u1", "web") { $0.metadata.deletionTimestamp = Timestamp(seconds: 9) }
        let bench = NodeBench(store: try FakeRecordStore(pods: [ending]))
        try await bench.run(isAway: true) {
            await bench.node.did.wait { $0.contains("tear down u1") }
            bench.api.isAway = false
            bench.list([ending])
            await wait(bench, for: "delete web u1")
            #expect(bench.node.didNot("start main"))
        }
    }

    @Test("a pod with the name of a remembered one takes its place")
    func sameNameOtherUID() async throws {
        let bench = NodeBench(store: try FakeRecordStore(pods: [Self.ran("u1", "web")]))
        try await bench.run(isAway: true) {
            await bench.node.did.wait { $0.contains { $0.hasPrefix("start main") } }
            bench.api.isAway = false
            bench.list([NodeBench.pod(uid: "u2", name: "web")])
            await bench.node.did.wait { $0.contains("remove all u1") && $0.count { $0.hasPrefix("start main") } == 2 }
        }
    }

    @Test("nothing that an earlier agent runs is removed before the API server has named its pods")
    func unknownPodsStay() async throws {
        let store = try FakeRecordStore(pods: [Self.ran("u1", "web")])
        let bench = NodeBench(store: store)
        bench.node.state.withLock {
            $0.recovered = [
                NodeBench.sandbox("s1", of: PodIdentity(namespace: "default", name: "web", uid: "u1"), running: "c1"),
                NodeBench.sandbox("s2", of: PodIdentity(namespace: "default", name: "unknown", uid: "u9"), running: "c9"),
            ]
        }
        try await bench.run(isAway: true) {
            await passOutage(bench)
            #expect(bench.node.didNot("stop") && bench.node.didNot("start main"))
            bench.api.isAway = false
            bench.list([Self.ran("u1", "web")])
            await bench.node.did.wait { $0.contains("remove all u9") }
            #expect(bench.node.didNot("stop c1"))
        }
    }

    @Test("a pod is remembered from its start to its end")
    func remembered() async throws {
        let store = FakeRecordStore()
        let bench = NodeBench(store: store)
        try await bench.run {
            let pod = NodeBench.pod()
            bench.list([pod])
            await bench.statuses.wait { $0.contains("patch web Running -") }
            await bench.memory?.flush()
            #expect(store.names == ["pods/u1"])
            let next = NodeMemory(store: store, time: bench.time, logger: .silent)
            #expect(await next.pods().first?.status?.phase == .running)
            bench.delete(pod)
            await bench.node.did.wait { $0.contains { $0.hasPrefix("stop") } }
            // After a power cut it must not start again.
            try await eventually("the record says that the pod ends") {
                await bench.memory?.flush()
                return await next.pods().allSatisfy { $0.metadata.deletionTimestamp != nil }
            }
            await bench.node.did.wait { $0.contains("remove all u1") }
            try await eventually("the pod is forgotten") {
                await bench.memory?.flush()
                return store.names == []
            }
        }
    }
}
