import KubeModel
import PodCore
import Synchronization
import TestSupport
import Testing
import Timing

@testable import NodeAgent

@Suite("Pod manager and pods that ask for a place", .timeLimit(.minutes(1)))
struct PodManagerAdmissionTests {
    private let bench = NodeBench()
    private var node: FakeNode { bench.node }

    private func pod(
        _ name: String, cpu: Int64? = nil, hostPort: Int? = nil, created: Int64 = 0, grace: Int64? = nil, priority: Int? = nil,
        _ change: (inout Pod) -> Void = { _ in }
    ) -> Pod {
        NodeBench.pod(uid: "u-\(name)", name: name, restartPolicy: .never) { pod in
            if let cpu { pod.spec.containers[0].resources = ResourceRequirements(requests: ["cpu": Quantity(cpu)]) }
            if let hostPort { pod.spec.containers[0].ports = try? [Wire.decode(["containerPort": 80, "hostPort": .integer(Int64(hostPort))])] }
            pod.metadata.creationTimestamp = Timestamp(seconds: created)
            pod.spec.terminationGracePeriodSeconds = grace
            pod.spec.priority = priority
            change(&pod)
        }
    }

    private func deleted(_ pod: Pod) -> Pod {
        var pod = pod
        pod.metadata.deletionTimestamp = bench.time.wallTime()
        pod.metadata.deletionGracePeriodSeconds = 30
        return pod
    }

    private func shown(_ name: String, _ phase: PodPhase, on bench: NodeBench) async -> PodStatus? {
        await bench.statuses.wait { $0.contains { $0.hasPrefix("patch \(name) \(phase.rawValue)") } }
        return await bench.manager.pods().first { $0.name == name }?.status
    }

    @Test("a pod that needs more than the node has fails at once, with the reason as status and event")
    func tooMuchCPU() async throws {
        try await bench.run {
            bench.list([pod("big", cpu: 900)])
            let status = await shown("big", .failed, on: bench)
            var expected = PodStatus(phase: .failed)
            expected.reason = "OutOfcpu"
            expected.message = "Pod was rejected: Node didn't have enough resource: cpu, requested: 900000, used: 0, capacity: 4000"
            expected.startTime = bench.time.wallTime().wholeSeconds
            expected.qosClass = .burstable
            #expect(status == expected)
            await bench.events.calls.wait { $0.count == 1 }
        }
        let event = bench.events.created.first
        #expect(event?.type == "Warning" && event?.reason == "OutOfcpu")
        #expect(event?.message == "Node didn't have enough resource: cpu, requested: 900000, used: 0, capacity: 4000")
        #expect(node.didNot("create sandbox"))
    }

    @Test("the older of two pods that come together gets the place")
    func oldestFirst() async throws {
        try await bench.run {
            bench.list([pod("a", cpu: 3, created: 20), pod("b", cpu: 3, created: 10)])
            #expect(await shown("a", .failed, on: bench)?.reason == "OutOfcpu")
            #expect(await shown("b", .running, on: bench)?.reason == nil)
        }
    }

    @Test("a second pod with a host port fails and stays failed; a new pod gets the port once the first one is over")
    func hostPorts() async throws {
        let first = pod("first", hostPort: 8080)
        try await bench.run {
            bench.list([first])
            _ = await shown("first", .running, on: bench)
            bench.list([pod("second", hostPort: 8080)])
            let message = "Pod was rejected: Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports"
            #expect(await shown("second", .failed, on: bench)?.message == message)
            // Its containers may still listen while they are being stopped.
            bench.list([deleted(first)])
            _ = await shown("first", .failed, on: bench)
            bench.list([pod("third", hostPort: 8080)])
            #expect(await shown("third", .running, on: bench)?.podIP == "10.0.0.7")
            #expect(await bench.manager.pods().first { $0.name == "second" }?.status?.phase == .failed)
        }
    }

    @Test("a pod that already runs keeps its place before an older pod, whatever it asks for")
    func recovered() async throws {
        let running = pod("running", cpu: 900, hostPort: 8080, created: 20)
        node.state.withLock { state in
            let identity = PodIdentity(namespace: "default", name: "running", uid: "u-running")
            state.recovered = [NodeBench.sandbox("s1", of: identity, running: "c1")]
        }
        try await bench.run {
            bench.list([running, pod("new", hostPort: 8080, created: 10)])
            #expect(await shown("new", .failed, on: bench)?.reason == "NodePorts")
            #expect(await shown("running", .running, on: bench)?.reason == nil)
        }
    }

    @Test("no pod is refused or started before the node is known; one that is deleted meanwhile goes")
    func waitsForTheNode() async throws {
        let known = bench.nodes.ownNode
        bench.nodes.know(nil)
        let (early, gone, taken) = (pod("early", cpu: 3), pod("gone", cpu: 1), pod("taken", cpu: 1))
        node.state.withLock { $0.podsOnDisk = ["u-early"] }
        try await bench.run {
            bench.list([early, gone, taken])
            bench.list([deleted(gone)])
            await bench.statuses.wait { $0.contains("delete gone u-gone") }
            bench.delete(taken)
            await node.did.wait { $0.contains("remove all u-taken") }
            try await eventually("the end of the pod that was taken") { Set(await bench.manager.pods().map(\.name)) == ["early", "gone"] }
            #expect(await bench.manager.machine(ofPod: early.key, uid: nil)?.pod.uid == "u-early")
            #expect(node.didNot("create sandbox") && node.didNot("tear down u-early"))
            bench.nodes.know(known)
            await bench.manager.nodeKnown()
            #expect(await shown("early", .running, on: bench)?.reason == nil)
        }
    }

    @Test("labels that the agent does not know yet are read before a pod is refused by them", arguments: [true, false])
    func freshLabels(isLabelled: Bool) async throws {
        var labelled = try #require(bench.nodes.ownNode)
        labelled.metadata.labels = ["disk": "ssd"]
        if isLabelled { bench.nodes.store(labelled) }
        try await bench.run {
            bench.list([pod("picky") { $0.spec.nodeSelector = ["disk": "ssd"] }])
            let status = await shown("picky", isLabelled ? .running : .failed, on: bench)
            #expect(status?.reason == (isLabelled ? nil : "NodeAffinity"))
        }
        #expect(bench.nodes.reads == 1)
    }

    @Test("a client cannot pass its pod off as one of the node's own configuration")
    func feignedStaticPod() async throws {
        try await bench.run {
            bench.list([pod("old", cpu: 3)])
            _ = await shown("old", .running, on: bench)
            bench.list([pod("new", cpu: 3) { $0.metadata.annotations = [Pod.sourceAnnotation: "file"] }])
            #expect(await shown("new", .failed, on: bench)?.reason == "OutOfcpu")
        }
    }

    @Test("a critical pod starts once its victim has ended; its place is reserved meanwhile")
    func preemption() async throws {
        let (old, new) = (pod("old", cpu: 3), pod("new", cpu: 3, priority: 2_000_000_000))
        try await bench.run {
            bench.list([old])
            _ = await shown("old", .running, on: bench)
            node.state.withLock { $0.signalFailures = [.internal] }
            bench.list([new])
            await bench.events.calls.wait { $0.contains { $0.text == "create Preempting" } }
            bench.list([pod("other", cpu: 3)])
            let message = "Pod was rejected: Node didn't have enough resource: cpu, requested: 3000, used: 3000, capacity: 4000"
            #expect(await shown("other", .failed, on: bench)?.message == message)
            #expect(!bench.statuses.entries.contains { $0.hasPrefix("patch new") })
            await bench.time.waitForSleeper(until: .seconds(1))
            bench.time.advance(by: .seconds(1))
            #expect(await shown("new", .running, on: bench)?.reason == nil)
            let status = await shown("old", .failed, on: bench)
            #expect(status?.reason == "Preempting" && status?.message == "Preempted in order to admit critical pod")
            #expect(status?.conditions?.first { $0.type == "DisruptionTarget" }?.reason == "TerminationByKubelet")
        }
        let event = bench.events.created.first { $0.reason == "Preempting" }
        #expect(event?.type == "Warning" && event?.message == "Preempted in order to admit critical pod")
        #expect(event?.involvedObject.name == "old")
    }

    @Test("a critical pod does not wait for ever for a victim that does not end")
    func patience() async throws {
        try await bench.run {
            bench.list([pod("old", cpu: 3, grace: 20)])
            _ = await shown("old", .running, on: bench)
            node.state.withLock { $0.signalFailures = Array(repeating: .internal, count: 100) }
            bench.list([pod("new", cpu: 3, priority: 2_000_000_000)])
            await bench.time.waitForSleeper(until: .seconds(30))
            #expect(!bench.statuses.entries.contains { $0.hasPrefix("patch new") })
            bench.time.advance(by: .seconds(30))
            #expect(await shown("new", .running, on: bench)?.reason == nil)
        }
    }
}
