import KubeModel
import PodCore
import TestSupport
import Testing

@testable import NodeAgent

/// Pods of the tests of the node's memory.
private enum MemorablePod {
    static func pod(_ uid: String = "u1", secrets: [String] = [], _ change: (inout Pod) -> Void = { _ in }) -> Pod {
        NodeBench.pod(uid: uid, name: uid) { pod in
            pod.spec.volumes = secrets.compactMap { try? Wire.decode(["name": .string($0), "secret": ["secretName": .string($0)]]) }
            change(&pod)
        }
    }

    static func running(_ change: (inout PodStatus, inout ContainerStatus) -> Void = { _, _ in }) -> Pod {
        pod { pod in
            var status = PodStatus(phase: .running)
            var container = ContainerStatus(name: "main", image: "app", state: .running(since: Timestamp(seconds: 5)))
            change(&status, &container)
            status.containerStatuses = [container]
            pod.status = status
        }
    }

    static func changed(_ change: (inout Pod) -> Void) -> Pod {
        var pod = running()
        change(&pod)
        return pod
    }
}

@Suite("Node memory", .timeLimit(.minutes(1))) struct NodeMemoryTests {
    private let time = ManualTime()
    private let store = FakeRecordStore()
    private var memory: NodeMemory { NodeMemory(store: store, time: time, logger: .silent) }

    private func secret(_ name: String, _ value: String = "djE=") -> Secret? {
        try? Wire.decode(["metadata": ["name": .string(name), "namespace": "default"], "data": ["key": .string(value)]])
    }

    @Test(
        "a pod is written when its life goes on, not when only its status' details change",
        arguments: [
            ("readiness", MemorablePod.running { $1.ready = true }, false),
            ("a condition", MemorablePod.running { status, _ in status.conditions = [PodCondition(type: "Ready", status: true)] }, false),
            ("the resource version", MemorablePod.changed { $0.metadata.resourceVersion = "2" }, false),
            ("nothing", MemorablePod.running(), false),
            ("the phase", MemorablePod.running { status, _ in status.phase = .failed }, true),
            ("the restart count", MemorablePod.running { $1.restartCount = 1 }, true),
            ("the container", MemorablePod.running { $1.containerID = "swiftlet://c2" }, true),
            ("the container's end", MemorablePod.running { $1.state = .terminated(.init(exitCode: 0, reason: "Completed")) }, true),
            ("the start time", MemorablePod.running { status, _ in status.startTime = Timestamp(seconds: 1) }, true),
            ("the deletion", MemorablePod.changed { $0.metadata.deletionTimestamp = Timestamp(seconds: 9) }, true),
            ("a label", MemorablePod.changed { $0.metadata.labels = ["a": "b"] }, true),
            ("the spec", MemorablePod.changed { $0.spec.containers[0].image = "app:2" }, true),
        ])
    func significance(what: String, later: Pod, isWritten: Bool) async {
        let memory = memory
        memory.remember(MemorablePod.running())
        await memory.flush()
        memory.remember(later)
        await memory.flush()
        #expect(store.changes.entries.count == (isWritten ? 2 : 1), "\(what)")
    }

    @Test("changes within a second are one write, and a pod that comes and goes in it is none") func coalescing() async throws {
        let memory = memory
        try await whileRunning(memory.run) {
            for phase in [PodPhase.pending, .running, .succeeded] { memory.remember(MemorablePod.changed { $0.status?.phase = phase }) }
            memory.remember(MemorablePod.pod("u2"))
            memory.forget(podUID: "u2")
            await time.waitForSleeper(until: .seconds(1))
            #expect(store.changes.entries == [])
            time.advance(by: .seconds(1))
            #expect(await store.changes.wait(count: 1) == ["write pods/u1"])
        }
    }

    @Test("a write that fails is repeated after a pause, with what has changed meanwhile") func failures() async throws {
        let memory = memory
        store.fail(with: "No space left on device (ENOSPC)")
        try await whileRunning(memory.run) {
            memory.remember(MemorablePod.pod("u1"))
            await time.waitForSleeper(until: .seconds(1))
            time.advance(by: .seconds(1))
            await time.waitForSleeper(until: .seconds(31))
            memory.remember(MemorablePod.pod("u2"))
            memory.forget(podUID: "u1")
            store.fail(with: nil)
            time.advance(by: .seconds(30))
            #expect(await store.changes.wait(count: 1) == ["write pods/u2"])
            #expect(store.tries == 2)
        }
    }

    @Test("an object is remembered as long as a pod needs it") func needs() async {
        let memory = memory
        memory.remember(.secret("default", "a"), secret("a"))
        memory.remember(MemorablePod.pod("u1", secrets: ["a", "b"]))
        memory.remember(MemorablePod.pod("u2", secrets: ["b"]))
        for name in ["a", "b", "other"] { memory.remember(.secret("default", name), secret(name)) }
        await memory.flush()
        #expect(store.names == ["objects/secrets/default/a", "objects/secrets/default/b", "pods/u1", "pods/u2"])
        memory.forget(podUID: "u1")
        await memory.flush()
        #expect(store.names == ["objects/secrets/default/b", "pods/u2"])
        // A pod that is over needs nothing, and is not forgotten.
        memory.remember(MemorablePod.pod("u2", secrets: ["b"]) { $0.status = PodStatus(phase: .succeeded) })
        await memory.flush()
        #expect(store.names == ["pods/u2"])
    }

    @Test("an object is recalled before and after it is written, also that there is none") func recalling() async throws {
        let memory = memory
        memory.remember(MemorablePod.pod(secrets: ["a", "none", "never"]))
        memory.remember(.secret("default", "a"), secret("a"))
        memory.remember(.secret("default", "none"), nil as Secret?)
        for _ in 0..<2 {
            guard case .known(let found) = await memory.recall(.secret("default", "a"), as: Secret.self) else { return #expect(Bool(false)) }
            #expect(found == secret("a"))
            guard case .absent = await memory.recall(.secret("default", "none"), as: Secret.self) else { return #expect(Bool(false)) }
            guard case .unknown = await memory.recall(.secret("default", "never"), as: Secret.self) else { return #expect(Bool(false)) }
            await memory.flush()
        }
    }

    @Test("the next agent finds the pods with their status, ending ones first, and drops what no pod needs") func nextAgent() async throws {
        let first = memory
        let ending = MemorablePod.pod("u0") { $0.metadata.deletionTimestamp = Timestamp(seconds: 9) }
        let old = MemorablePod.pod("u2", secrets: ["a"]) { $0.metadata.creationTimestamp = Timestamp(seconds: 1) }
        let new = MemorablePod.changed { $0.metadata.creationTimestamp = Timestamp(seconds: 2) }
        for pod in [new, old, ending] { first.remember(pod) }
        first.remember(.secret("default", "a"), secret("a"))
        await first.flush()
        let next = memory
        let found = await next.pods()
        #expect(found.map(\.uid) == ["u0", "u2", "u1"] && found.last?.status == new.status)
        for pod in found { next.remember(pod) }
        next.forget(podUID: "u2")
        await next.dropUnknown()
        await next.flush()
        #expect(store.names == ["pods/u0", "pods/u1"])
        #expect(store.changes.entries.dropFirst(4).allSatisfy { $0.hasPrefix("remove") })

        let other = memory
        other.remember(new)
        await other.dropUnknown()
        await other.flush()
        #expect(store.names == ["pods/u1"])
    }

    @Test("the node is remembered without its heartbeats and without taints of its absence") func node() async throws {
        let memory = memory
        var node: Node = try Wire.decode([
            "metadata": ["name": "node-1", "resourceVersion": "1"],
            "spec": [
                "podCIDRs": ["10.244.0.0/24"],
                "taints": [["key": "node.kubernetes.io/unreachable", "effect": "NoExecute"], ["key": "own", "effect": "NoSchedule"]],
            ],
            "status": ["allocatable": ["cpu": "4"], "addresses": [["type": "InternalIP", "address": "192.0.2.1"]]],
        ])
        memory.remember(node)
        await memory.flush()
        node.metadata.resourceVersion = "2"
        node.status?.conditions = [NodeCondition(type: "Ready", status: true, reason: "r", message: "m")]
        memory.remember(node)
        await memory.flush()
        #expect(store.changes.entries == ["write objects/nodes/node-1"])
        let found = try #require(await memory.node(named: "node-1"))
        #expect(found.spec?.podCIDRs == ["10.244.0.0/24"] && found.spec?.taints?.map(\.key) == ["own"])
        #expect(found.status?.addresses?.count == 1 && found.status?.allocatable?["cpu"] == Quantity(4))
        #expect(await memory.node(named: "node-2") == nil)
    }
}
