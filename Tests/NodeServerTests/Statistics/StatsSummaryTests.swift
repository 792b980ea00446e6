import KubeModel
import PodCore
import Testing

@testable import NodeServer

@Suite("The summary of the node's figures") struct StatsSummaryTests {
    private func summary(_ node: NodeMeasurement = .example, isBrief: Bool = false) throws -> JSONValue {
        // Through bytes, as a client gets it.
        try JSONParser.parse(StatsSummary(nodeName: "node-1", node, isBrief: isBrief).json.description)
    }

    private func paths(_ value: JSONValue, _ path: String = "") -> Set<String> {
        switch value {
        case .object(let members):
            members.reduce(into: []) { $0.formUnion(paths($1.value, path.isEmpty ? $1.key : path + "." + $1.key)) }
        case .array(let elements): elements.reduce(into: []) { $0.formUnion(paths($1, path + "[]")) }
        default: [path]
        }
    }

    @Test("has every field of kubelet's, apart from a list with reasons") func fields() throws {
        let found = try paths(summary())
        let lacking = WantedSummary.paths.subtracting(found).subtracting(WantedSummary.missing.keys)
        #expect(lacking.isEmpty, "fields that are missing")
        #expect(found.isDisjoint(with: WantedSummary.missing.keys), "the list says that they are missing")
        let added = found.subtracting(WantedSummary.paths).filter { !$0.contains(".psi.") }
        // Kubernetes has these fields too; the node that was recorded had no reason to show them.
        #expect(
            added.allSatisfy {
                $0.hasPrefix("pods[].network.") || $0.hasPrefix("pods[].volume[].pvcRef.") || $0 == "pods[].process_stats.process_count"
            })
    }

    @Test("values are in Kubernetes' units") func units() throws {
        let summary = try summary()
        #expect(summary["node", "nodeName"] == "node-1" && summary["node", "startTime"] == "2027-01-03T18:13:20Z")
        #expect(summary["node", "cpu", "usageCoreNanoSeconds"] == 9_000_000_000 && summary["node", "cpu", "usageNanoCores"] == 5)
        #expect(summary["node", "cpu", "psi", "some", "total"] == 2_000_000_000)
        #expect(summary["node", "memory", "availableBytes"] == .integer(8 << 30 - 4 << 30 + 4096))
        #expect(summary["node", "rlimit", "curproc"] == 768 && summary["node", "fs", "usedBytes"] == 500 && summary["node", "fs", "inodesUsed"] == 10)
        #expect(summary["node", "runtime", "imageFs", "usedBytes"] == 123 && summary["node", "runtime", "containerFs", "usedBytes"] == 7)
        #expect(summary["node", "swap", "swapAvailableBytes"] == .integer(1 << 30 - 4096))
        #expect(summary["node", "network", "name"] == "eth0" && summary["node", "network", "txErrors"] == 1)
        let pod = summary["pods"]?.array?.first
        #expect(pod?["podRef", "uid"] == "uid-web" && pod?["ephemeral-storage", "usedBytes"] == 40 && pod?["network", "rxBytes"] == 100)
        #expect(pod?["process_stats", "process_count"] == 3 && pod?["volume"]?.array?.first?["pvcRef", "name"] == "disk")
        let containers = pod?["containers"]?.array ?? []
        #expect(containers.map { $0["name"] } == ["app", "side"])
        #expect(containers.first?["rootfs", "usedBytes"] == 30 && containers.first?["logs", "usedBytes"] == 4)
        #expect(containers.last?["rootfs", "usedBytes"] == nil && containers.last?["rootfs", "capacityBytes"] == 1000)
    }

    @Test("a pod on the node's network has no network of its own") func nodeNetwork() throws {
        #expect(try summary()["pods"]?.array?.map { $0["network"] == nil } == [false, true])
    }

    @Test("the brief summary has processors and memory only") func brief() throws {
        let brief = try summary(isBrief: true)
        let node = try #require(brief["node"]?.object)
        #expect(Set(node.keys) == ["nodeName", "startTime", "cpu", "memory", "swap", "systemContainers"])
        let pod = try #require(brief["pods"]?.array?.first?.object)
        #expect(Set(pod.keys) == ["podRef", "startTime", "containers", "cpu", "memory", "swap"])
        #expect(try Set(#require(pod["containers"]?.array?.first?.object).keys) == ["name", "startTime", "cpu", "memory", "swap"])
    }

    @Test("a figure that is not known is absent, not 0") func absent() throws {
        var node = NodeMeasurement.example
        node.storage = nil
        node.pods[0].containers[0].cgroup.usageNanoCores = nil
        node.pods[0].containers[0].cgroup.stats.memory.workingSet = 0
        let summary = try summary(node)
        let container = summary["pods"]?.array?.first?["containers"]?.array?.first
        #expect(container?["cpu", "usageNanoCores"] == nil && container?["memory"] == nil && container?["rootfs"] == nil)
        #expect(summary["node", "fs"] == nil && summary["node", "runtime"] == nil)
    }
}
