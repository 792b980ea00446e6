import KubeModel
import PodCore
import Synchronization
import TestSupport
import Testing

@testable import NodeAgent

@Suite("Pod manager: resizes", .timeLimit(.minutes(1)))
struct PodManagerResizeTests {
    private let bench = NodeBench()
    private var node: FakeNode { bench.node }

    private func pod(_ name: String = "web", cpu: String, memory: String = "64Mi", generation: Int64 = 1, priority: Int = 0) throws -> Pod {
        let amounts = ["cpu": try #require(Quantity(cpu)), "memory": try #require(Quantity(memory))]
        return NodeBench.pod(uid: name) { pod in
            pod.metadata.name = name
            pod.metadata.generation = generation
            pod.spec.priority = priority
            pod.spec.containers[0].resources = ResourceRequirements(limits: amounts, requests: amounts)
        }
    }

    private func status(_ name: String) async -> PodStatus? { await bench.manager.pods().first { $0.name == name }?.status }

    private func pending(_ name: String) async -> PodCondition? {
        await status(name)?.conditions?.first { $0.type == ResizeCondition.pending }
    }

    private func starts(_ count: Int) async { await node.did.wait { $0.count { $0.hasPrefix("start ") } == count } }

    /// Waits for this many events with the reason, which come after the change that they report.
    private func event(_ reason: String, _ count: Int = 1) async {
        await bench.events.calls.wait { $0.count { $0.text == "create \(reason)" } >= count }
    }

    @Test("a resize changes the limits of the pod and its container in order")
    func resize() async throws {
        try await bench.run {
            bench.list([try pod(cpu: "1")])
            await starts(1)
            bench.list([try pod(cpu: "2", memory: "32Mi", generation: 2)])
            await event("ResizeCompleted")
            #expect(await status("web")?.containerStatuses?.first?.resources?.limits?["cpu"] == Quantity(2))
        }
        #expect(
            node.did.entries.filter { $0.hasPrefix("limit") } == [
                "limit id-2 cpu 1000/1000 memory 32Mi", "limit id-1 cpu 1000/1000 memory 32Mi", "limit id-1 cpu 2000/2000 memory 32Mi",
                "limit id-2 cpu 2000/2000 memory 32Mi",
            ])
    }

    @Test("a memory limit below use changes nothing and is reported")
    func belowUse() async throws {
        node.state.withLock { $0.memoryInUse = ["id-2": 40 << 20] }
        try await bench.run {
            bench.list([try pod(cpu: "1")])
            await starts(1)
            bench.list([try pod(cpu: "2", memory: "32Mi", generation: 2)])
            await event("ResizeError")
            let condition = await status("web")?.conditions?.first { $0.type == ResizeCondition.inProgress }
            #expect(condition?.reason == "Error")
            #expect(
                condition?.message
                    == "cannot decrease memory limits: [attempting to set pod memory limit (33554432) below current usage (41943040), "
                    + "attempting to set container \"main\" memory limit (33554432) below current usage (41943040)]")
        }
        #expect(node.didNot("limit"))
    }

    @Test("a resize that the runtime refuses keeps the steps taken")
    func refusedStep() async throws {
        node.state.withLock { $0.updateFailures = [RuntimeFailure(.internal, "no such file")] }
        try await bench.run {
            bench.list([try pod(cpu: "1")])
            await starts(1)
            bench.list([try pod(cpu: "2", generation: 2)])
            await event("ResizeError")
            #expect(await status("web")?.conditions?.first { $0.type == ResizeCondition.inProgress }?.message == "no such file")
            bench.list([try pod(cpu: "1", generation: 3)])
            await event("ResizeCompleted")
        }
        #expect(node.didNot("limit"), "nothing had changed")
    }

    /// The node has 4 CPUs.
    @Test("a pod waits for the room of another, and gets it when that pod ends or shrinks", arguments: [true, false])
    func room(byEnd: Bool) async throws {
        try await bench.run {
            let other = try pod("other", cpu: "2")
            bench.list([try pod(cpu: "1"), other])
            await starts(2)
            bench.list([try pod(cpu: "3", generation: 2), other])
            await event("ResizeDeferred")
            let shown = await pending("web")
            #expect(shown?.reason == "Deferred")
            #expect(shown?.message == "Node didn't have enough resource: cpu, requested: 3000, used: 2000, capacity: 4000")
            if byEnd {
                bench.delete(other)
            } else {
                bench.list([try pod(cpu: "3", generation: 2), try pod("other", cpu: "1", generation: 2)])
            }
            await event("ResizeCompleted", byEnd ? 1 : 2)
            #expect(await pending("web") == nil)
            #expect(await status("web")?.containerStatuses?.first?.resources?.requests?["cpu"] == Quantity(3))
        }
    }

    @Test("of two pods that ask for the same room at once, only as many get it as fit")
    func sameRoom() async throws {
        try await bench.run {
            bench.list([try pod("a", cpu: "1"), try pod("b", cpu: "1")])
            await starts(2)
            bench.list([try pod("a", cpu: "3", generation: 2), try pod("b", cpu: "3", generation: 2)])
            await event("ResizeCompleted")
            await event("ResizeDeferred")
            let waiting = [await pending("a"), await pending("b")].compactMap { $0 }
            #expect(waiting.count == 1)
        }
    }

    @Test("of several waiting pods, the one of the highest priority is served first")
    func priority() async throws {
        try await bench.run {
            let other = try pod("other", cpu: "2")
            func all(_ cpu: String, _ generation: Int64) throws -> [Pod] {
                try [("a", 1), ("b", 9), ("c", 5)].map { try pod($0.0, cpu: cpu, generation: generation, priority: $0.1) }
            }
            bench.list([other] + (try all("500m", 1)))
            await starts(4)
            bench.list([other] + (try all("2", 2)))
            await event("ResizeDeferred", 3)
            bench.delete(other)
            await event("ResizeCompleted")
            #expect(await pending("b") == nil)
            #expect(await pending("a") != nil)
            #expect(await pending("c") != nil)
        }
    }

    @Test("a request above the whole node is infeasible") func infeasible() async throws {
        try await bench.run {
            bench.list([try pod(cpu: "1")])
            await starts(1)
            bench.list([try pod(cpu: "5", generation: 2)])
            await event("ResizeInfeasible")
            #expect(await pending("web")?.reason == "Infeasible")
        }
    }
}
