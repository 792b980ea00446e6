import KubeModel
import PodCore
import Synchronization
import TestSupport
import Testing

@testable import NodeAgent

@Suite("Pod manager with static pods", .timeLimit(.minutes(1)))
struct PodManagerStaticTests {
    private let bench = NodeBench(hasManifests: true)
    private var node: FakeNode { bench.node }

    private func pod(_ spec: String = "", name: String = "web") throws -> StaticPod {
        try StaticManifestTests.pod(
            StaticManifestTests.text(spec: spec, container: ", imagePullPolicy: IfNotPresent", name: name), node: "node-1")
    }

    private func isRunning() async -> Bool {
        await bench.manager.pods().first?.status?.phase == .running
    }

    /// Waits for the mirror pod of this static pod, and shows it to the manager with the API server's uid.
    @discardableResult
    private func mirror(_ uid: String, of pod: StaticPod) async throws -> Pod {
        await bench.mirrorAPI.calls.wait { $0.last?.text == "create web-node-1 \(pod.hash)" }
        let mirror = try #require(try bench.mirrorAPI.stored(uid: uid))
        bench.list([mirror])
        return mirror
    }

    @Test("without the API server a static pod runs, and its exits are seen")
    func withoutTheAPIServer() async throws {
        node.state.withLock { $0.servicesAreKnown = false }
        try await bench.run {
            bench.setStatic([try pod(", restartPolicy: Never")])
            try await eventually("the pod runs") { await isRunning() }
            let exit = ContainerExit(startedAt: nil, finishedAt: Timestamp(seconds: 1_800_000_100), exitCode: 3)
            node.tell(.containerExited(sandboxID: "id-1", containerID: "id-2", exit))
            try await eventually("the pod fails") { await bench.manager.pods().first?.status?.phase == .failed }
        }
        #expect(bench.mirrorAPI.texts.isEmpty && bench.statuses.entries.isEmpty)
    }

    @Test("the mirror pod gets the status, is made again without a change of the containers, and goes after its pod")
    func mirrorPod() async throws {
        let wanted = try pod()
        try await bench.run {
            bench.list()
            bench.setStatic([wanted])
            try await eventually("the pod runs") { await isRunning() }
            let first = try await mirror("m1", of: wanted)
            await bench.statuses.wait { $0.contains("patch web-node-1 Running -") }
            let key = wanted.pod.key
            #expect(await bench.manager.machine(ofPod: key, uid: "m1")?.pod.uid == wanted.pod.uid)
            #expect(await bench.manager.machine(ofPod: key, uid: nil)?.pod.uid == wanted.pod.uid)

            // A mirror pod never runs itself.
            #expect(await bench.manager.count == 1)
            bench.delete(first)
            await bench.mirrorAPI.calls.wait(count: 2)
            try await mirror("m2", of: wanted)
            await bench.statuses.wait { $0.count { $0 == "patch web-node-1 Running -" } == 2 }
            #expect(node.didNot("stop"))

            bench.setStatic([])
            await bench.mirrorAPI.calls.wait { $0.last?.text == "delete web-node-1 m2" }
            #expect(node.did.entries.contains("remove all \(wanted.pod.uid)"))
            #expect(await bench.manager.count == 0)
        }
        #expect(bench.statuses.entries.allSatisfy { $0.hasPrefix("patch web-node-1") })
    }

    @Test("a changed manifest starts its pod when the earlier pod of that name is gone")
    func changedManifest() async throws {
        let (old, new) = (try pod(), try pod(", hostNetwork: true"))
        try await bench.run {
            bench.list()
            bench.setStatic([old])
            try await eventually("the pod runs") { await isRunning() }
            bench.setStatic([new])
            await node.did.wait { $0.contains("start main id-4") }
        }
        let did = node.did.entries
        let end = try #require(did.firstIndex(of: "remove all \(old.pod.uid)"))
        let start = try #require(did.firstIndex(of: "create sandbox id-3"))
        #expect(end < start, "\(did)")
    }

    @Test("what an earlier agent ran of an older manifest ends before the pod starts, without the API server")
    func earlierManifest() async throws {
        let wanted = try pod()
        let old = PodIdentity(namespace: "default", name: "web-node-1", uid: "00000000000000000000000000000001")
        node.state.withLock { $0.recovered = [NodeBench.sandbox("s0", of: old, running: "c0")] }
        try await bench.run {
            bench.setStatic([wanted])
            try await eventually("the pod runs") {
                await bench.manager.pods().contains { $0.uid == wanted.pod.uid && $0.status?.phase == .running }
            }
        }
        let did = node.did.entries
        let end = try #require(did.firstIndex(of: "remove all \(old.uid)"))
        let start = try #require(did.firstIndex(of: "create sandbox id-1"))
        #expect(end < start, "\(did)")
    }

    @Test("a static pod of an earlier agent goes on, with the times of its mirror pod")
    func goesOn() async throws {
        let wanted = try pod()
        let identity = PodIdentity(namespace: "default", name: "web-node-1", uid: wanted.pod.uid)
        node.state.withLock { $0.recovered = [NodeBench.sandbox("s1", of: identity, running: "c1")] }
        var mirror: Pod = try Wire.decode(wanted.mirror(nodeName: "node-1", nodeUID: "n1"))
        mirror.metadata.uid = "m1"
        mirror.status = PodStatus(phase: .running)
        mirror.status?.startTime = Timestamp(seconds: 1_700_000_000)
        try await bench.run {
            bench.setStatic([wanted])
            try await eventually("the pod is found again") { await isRunning() }
            bench.list([mirror])
            await bench.statuses.wait(count: 1)
            #expect(await bench.manager.pods().first?.status?.startTime == Timestamp(seconds: 1_700_000_000))
        }
        #expect(node.didNot("create sandbox") && node.didNot("start") && node.didNot("stop"))
        #expect(bench.mirrorAPI.texts.isEmpty)
    }

    @Test("nothing unknown is removed before both sources have named their pods", arguments: [true, false])
    func bothSources(apiFirst: Bool) async throws {
        let wanted = try pod()
        let own = PodIdentity(namespace: "default", name: "web-node-1", uid: wanted.pod.uid)
        let gone = PodIdentity(namespace: "default", name: "gone", uid: "u-0")
        var orphan: Pod = try Wire.decode(try pod(name: "old").mirror(nodeName: "node-1", nodeUID: "n1"))
        orphan.metadata.uid = "m0"
        node.state.withLock { state in
            state.recovered = [NodeBench.sandbox("s0", of: gone, running: "c0"), NodeBench.sandbox("s1", of: own, running: "c1")]
        }
        try await bench.run {
            if apiFirst {
                bench.list([orphan, NodeBench.pod()])
                try await eventually("the API's pod runs") {
                    await bench.manager.pods().contains { $0.name == "web" && $0.status?.phase == .running }
                }
            } else {
                bench.setStatic([wanted])
                try await eventually("the static pod is found again") { await isRunning() }
            }
            #expect(node.didNot("stop") && bench.mirrorAPI.texts.isEmpty)
            if apiFirst { bench.setStatic([wanted]) } else { bench.list([orphan, NodeBench.pod()]) }
            await node.did.wait { $0.contains("remove all u-0") }
            await bench.mirrorAPI.calls.wait { $0.contains { $0.text == "delete old-node-1 m0" } }
        }
        #expect(node.didNot("stop c1") && node.didNot("remove all \(own.uid)"))
    }

    @Test("a pod of the API that claims to come from a file is a pod of the API")
    func forgedSource() async throws {
        try await bench.run {
            bench.setStatic([])
            bench.list([NodeBench.pod { $0.metadata.annotations = [StaticAnnotation.source: "file"] }])
            await bench.statuses.wait { $0.contains { $0.hasPrefix("patch web Running") } }
        }
    }
}
