import KubeModel
import PodCore
import TestSupport
import Testing

@testable import NodeAgent

@Suite("Node without the API server", .timeLimit(.minutes(1))) struct NodeRecallTests {
    private struct Host: NodeHost {
        func describe() async throws -> HostDescription {
            HostDescription(
                hostname: "node-1", machineID: "m", systemUUID: "s", bootID: "b", kernelVersion: "6.18", osImage: "Debian", architecture: "amd64",
                processors: 4, memory: 8 << 30, ephemeralStorage: 100 << 30, hugepages: [:], addresses: ["192.0.2.1"])
        }
    }

    @Test("pods get network and places by the remembered object until the API server shows the real one") func recalled() async throws {
        let (time, node, api) = (ManualTime(), FakeNode(), FakeNodeAPI())
        let reporter = NodeReporter(
            settings: NodeSettings(name: "node-1", maxPods: 30, swiftletVersion: "1.0"), api: api, host: Host(), images: node, network: node,
            readiness: NodeReadiness(), events: EventRecorder(api: FakeEventAPI(), nodeName: "node-1", time: time, logger: .silent), time: time,
            logger: .silent)
        let remembered: Node = try Wire.decode([
            "metadata": ["name": "node-1", "uid": "n1", "labels": ["disk": "ssd"]], "spec": ["podCIDRs": ["10.244.3.0/24"]], "status": [:],
        ])
        await reporter.recall(remembered)
        #expect(node.did.entries == ["network 10.244.3.0/24"])
        #expect(reporter.podRanges == ["10.244.3.0/24"] && !reporter.isRegistered)
        let own = try #require(reporter.ownNode)
        #expect(own.metadata.labels?["disk"] == "ssd" && own.status?.allocatable?["cpu"] == Quantity(4))
        var announcements = reporter.firstStatus.makeAsyncIterator()
        #expect(await announcements.next() != nil)

        try await reporter.register()
        #expect(reporter.isRegistered && reporter.node?.metadata.labels?["disk"] == nil)
        await reporter.recall(remembered)
        #expect(reporter.node?.metadata.labels?["disk"] == nil)
    }
}
