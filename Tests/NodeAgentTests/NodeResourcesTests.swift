import KubeModel
import NodeAgent
import PodCore
import Testing

@Suite struct NodeResourcesTests {
    private let host = HostDescription(
        hostname: "node-1", machineID: "m", systemUUID: "s", bootID: "b", kernelVersion: "6.18", osImage: "Debian", architecture: "amd64",
        processors: 4, memory: 8 << 30, ephemeralStorage: 100 << 30, hugepages: ["2Mi": 64 << 20], addresses: [], processIDs: 32_768)

    private func limits(_ reserved: [String: String], _ enforcement: NodeResources.Enforcement = .pods) throws(PlanFailure) -> CgroupResources {
        try NodeResources.limits(of: host, reserved: reserved.compactMapValues { Quantity($0) }, enforcement: enforcement)
    }

    @Test("swap is refused by name unless it is allowed")
    func swapIsRefusedByNameUnlessItIsAllowed() throws {
        let error = #expect(throws: PlanFailure.self) { try NodeResources.checkSwap(["/dev/vdb", "/swap"], isRefused: true) }
        #expect(error?.message.hasPrefix("failSwapOn is true, and the machine swaps to /dev/vdb, /swap;") == true)
        try NodeResources.checkSwap(["/dev/vdb"], isRefused: false)
        try NodeResources.checkSwap([], isRefused: true)
    }

    @Test("reserved resources are taken off the limits")
    func whatIsReservedIsTakenOff() throws {
        let limits = try limits(["cpu": "500m", "memory": "1Gi", "pid": "1000", "hugepages-2Mi": "4Mi", "ephemeral-storage": "1Gi"])
        #expect(
            limits == CgroupResources(cpuRequest: 3500, memoryLimit: 7 << 30, pidsLimit: 31_768, hugepageLimits: ["2MB": 60 << 20]))
    }

    @Test("without enforcement pods may use the whole machine")
    func withoutEnforcementPodsMayUseTheMachine() throws {
        let limits = try limits(["cpu": "500m", "memory": "1Gi"], .none)
        #expect(
            limits == CgroupResources(cpuRequest: 4000, memoryLimit: 8 << 30, pidsLimit: 32_768, hugepageLimits: ["2MB": 64 << 20]))
    }

    @Test("the event about the limits of all pods names the limits that are not enforced")
    func enforcementEvent() {
        #expect(
            NodeResources.enforcementEvent(missing: [])
                == PodEventRecord(.normal, "NodeAllocatableEnforced", "Updated Node Allocatable limit across pods"))
        let failure = NodeResources.enforcementEvent(missing: ["memory.max", "pids.max"])
        #expect(failure.reason == "FailedNodeAllocatableEnforcement" && failure.message.hasSuffix(" memory.max, pids.max"))
    }

    @Test(
        "reservations that leave nothing are an error",
        arguments: [("cpu", "4", "CPU"), ("memory", "9Gi", "memory"), ("pid", "40000", "process ids")])
    func nothingLeftIsAnError(name: String, amount: String, word: String) {
        let error = #expect(throws: PlanFailure.self) { _ = try limits([name: amount]) }
        #expect(error?.message.contains("leave no") == true && error?.message.contains(word) == true)
    }
}
