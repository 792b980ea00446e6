import KubeModel
import Testing

@testable import PodCore

@Suite("Pods that a node with shortages does not take")
struct NodePressuresTests {
    private func refusal(_ pressures: [NodePressure], _ pod: Pod) throws -> PodRefusal? {
        let states = Dictionary(uniqueKeysWithValues: pressures.map { ($0, NodePressures.State.present) })
        let admission = PodAdmission(sysctls: SysctlRules(), hasAppArmor: true, pressures: NodePressures(states))
        switch admission.verdict(on: pod, try Place.node(allocatable: #"{"pods":"2","cpu":"4","memory":"1Gi"}"#), others: ActivePods()) {
        case .refused(let refusal, isByLabels: false): return refusal
        case .refused, .admitted, .preempts: return nil
        }
    }

    private func bestEffort(_ more: String = "") throws -> Pod { try Shortage.pod("p", more: more) }

    @Test("short of memory, it refuses pods that request nothing, unless they tolerate that")
    func memory() throws {
        let expected = PodRefusal(reason: "Evicted", message: "The node had condition: [MemoryPressure]. ")
        #expect(try refusal([.memory], bestEffort()) == expected)
        #expect(try refusal([.memory], Place.pod("burstable", cpu: "1")) == nil)
        #expect(
            try refusal([.memory], bestEffort(#","tolerations":[{"key":"node.kubernetes.io/memory-pressure","operator":"Exists"}]"#)) == nil)
        #expect(
            try refusal([.memory], bestEffort(#","tolerations":[{"key":"node.kubernetes.io/disk-pressure","operator":"Exists"}]"#)) == expected)
    }

    @Test("short of disk or process ids, it refuses every pod that is not critical", arguments: [NodePressure.disk, .processIDs])
    func others(pressure: NodePressure) throws {
        let tolerant = #","tolerations":[{"operator":"Exists"}]"#
        for pod in [try bestEffort(tolerant), Place.pod("burstable", cpu: "1")] {
            #expect(try refusal([pressure], pod)?.message == "The node had condition: [\(pressure.rawValue)]. ")
        }
        #expect(try refusal([.disk, .memory], bestEffort(tolerant))?.message == "The node had condition: [MemoryPressure DiskPressure]. ")
        #expect(try refusal([pressure], Place.pod("critical", priority: 2_000_000_000)) == nil)
    }

    @Test("it refuses for shortages before it looks at anything else, and not for unknown ones")
    func order() throws {
        #expect(try refusal([.disk], Place.pod("large", cpu: "900"))?.reason == "Evicted")
        #expect(try refusal([], Place.pod("large", cpu: "900"))?.reason == "OutOfcpu")
        let pressures = NodePressures([.disk: .unknown(message: "m"), .memory: .absent])
        #expect(pressures.present.isEmpty)
        #expect(try pressures.refusal(of: bestEffort()) == nil)
        #expect(pressures != NodePressures() && NodePressures([.memory: .absent]) == NodePressures())
    }
}
