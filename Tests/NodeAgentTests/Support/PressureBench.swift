import KubeModel
import PodCore
import TestSupport
import Timing

@testable import NodeAgent

/// Pods on a fake node that runs out of resources.
struct PressureBench {
    let bench = NodeBench()
    let source: FakePressure
    let disk: FakeDiskUsage
    let relief: PressureRelief

    /// - Parameter thresholds: hard ones.
    init(_ rooms: [NodeRoom], thresholds: [EvictionSignal: EvictionAmount]) {
        source = FakePressure(rooms)
        disk = FakeDiskUsage(time: bench.time)
        relief = PressureRelief(
            .init(
                source: source, pods: bench.manager, reclaim: bench.manager, usage: PodUsageReader(resources: bench.node, disk: disk),
                board: bench.pressures, events: bench.recorder),
            rules: EvictionRules(thresholds.map { EvictionThreshold($0.key, $0.value) }), nodeName: "node-1", time: bench.time, logger: .silent)
    }

    /// Starts the pods, then looks after them as long as the body takes.
    func run(_ pods: [Pod], _ body: () async throws -> Void) async throws {
        try await bench.run {
            bench.list(pods)
            for pod in pods { await bench.statuses.wait { $0.contains { $0.hasPrefix("patch \(pod.name) Running") } } }
            try await whileRunning({ await relief.run() }, body)
        }
    }

    static func pod(_ name: String, storageLimit: String? = nil) -> Pod {
        NodeBench.pod(uid: "u-\(name)", name: name) { pod in
            if let storageLimit {
                pod.spec.containers[0].resources = ResourceRequirements(
                    limits: ["ephemeral-storage": Quantity(storageLimit) ?? Quantity(0)], requests: ["ephemeral-storage": Quantity(0)])
            }
        }
    }

    func status(_ name: String) async -> PodStatus? { await bench.manager.pods().first { $0.name == name }?.status }

    func failed(_ name: String) async -> PodStatus? {
        await bench.statuses.wait { $0.contains { $0.hasPrefix("patch \(name) Failed") } }
        return await status(name)
    }

    /// The events with this reason: the name of the object and the message.
    func events(_ reason: String) -> [String] {
        bench.events.created.filter { $0.reason == reason }.map { "\($0.involvedObject.name ?? ""): \($0.message)" }
    }
}
