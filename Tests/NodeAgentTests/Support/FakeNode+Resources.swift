import KubeModel
import PodCore
import Synchronization
import TestSupport

extension FakeNode: ResourceControl {
    func update(
        container containerID: String, inSandbox sandboxID: String, resources: CgroupResources
    ) async throws(RuntimeFailure) -> [String] {
        try await update(containerID, resources)
    }

    func update(sandbox sandboxID: String, resources: CgroupResources) async throws(RuntimeFailure) -> [String] {
        try await update(sandboxID, resources)
    }

    private func update(_ id: String, _ resources: CgroupResources) async throws(RuntimeFailure) -> [String] {
        let failure = state.withLock { $0.updateFailures.isEmpty ? nil : $0.updateFailures.removeFirst() }
        if let failure { throw failure }
        let memory = resources.memoryLimit.map { "\($0 >> 20)Mi" } ?? "-"
        did.note("limit \(id) cpu \(resources.cpuRequest ?? 0)/\(resources.cpuLimit.map(String.init) ?? "-") memory \(memory)")
        return []
    }

    func resources(ofContainer containerID: String, inSandbox sandboxID: String) async throws(RuntimeFailure) -> EffectiveResources {
        throw RuntimeFailure(.internal, "not here")
    }

    func resources(ofSandbox sandboxID: String) async throws(RuntimeFailure) -> EffectiveResources { throw RuntimeFailure(.internal, "not here") }

    func stats(ofSandbox sandboxID: String) async throws(RuntimeFailure) -> SandboxStats {
        let (used, workingSet) = state.withLock { state in
            (state.memoryInUse, state.podsOfSandboxes[sandboxID].flatMap { state.workingSets[$0] })
        }
        var total = Self.stats(using: used.values.reduce(0, +))
        total.memory.workingSet = workingSet
        return SandboxStats(
            pod: PodIdentity(namespace: "default", name: "web", uid: "u1"), total: total, containers: used.mapValues(Self.stats))
    }

    private static func stats(using bytes: UInt64) -> ResourceStats {
        var stats = ResourceStats(measuredAt: Timestamp(seconds: 0))
        stats.memory.usage = bytes
        return stats
    }

    func statsOfAllPods() async throws(RuntimeFailure) -> ResourceStats { Self.stats(using: 0) }
}
