import Addresses
import LinuxNftables
import Nftables
import ProxyCore
import Testing

extension ServiceTrafficTests {
    @Test("a packet is followed through the tables, from the rule that it meets first to the pod, and nothing is left behind")
    func packetTrace() async throws {
        for (index, pod) in cluster.pods.enumerated() { try cluster.serve(pod, tag: "pod\(index)") }
        try await running {
            try await sync([Self.web], [TestCluster.slice("web", TestCluster.podAddresses, ports: Self.ports)])
            let before = try cluster.node.ruleset()
            let frontend = Frontend(address: IPAddress("10.96.0.10")!, transport: .tcp, port: 80)
            let (steps, answers) = try await store.trace(to: frontend, name: "trace") { try cluster.ask(cluster.node, "10.96.0.10", 80) }
            #expect(answers.first?.hasPrefix("pod") == true)
            let own = TableID(.ip, "swiftlet")
            #expect(steps.allSatisfy { $0.table == "ip trace" || $0.tableID == own })
            // It comes to the Service's address, is translated, and leaves for a pod.
            #expect(steps.first?.destination == .init(address: frontend.address, port: 80))
            #expect(steps.compactMap(\.destination).last.map { TestCluster.podAddresses.contains("\($0.address)") && $0.port == 8080 } == true)
            #expect(steps.contains { $0.verdict.hasPrefix("goto") || $0.verdict.hasPrefix("jump") })
            let handles = try await store.ruleHandles(of: own)
            for step in steps where step.tableID == own {
                guard case .rule(let handle) = step.kind else { continue }
                #expect(handles[step.chain]?.contains { $0.handle == handle } == true, "\(step)")
            }
            #expect(try cluster.node.ruleset() == before)
        }
    }

    @Test("the mark of a trace is taken away when sending fails")
    func failedTrace() async throws {
        struct Failure: Error {}
        let frontend = Frontend(address: IPAddress("fd00::1")!, transport: .udp, port: 53)
        await #expect(throws: Failure.self) { _ = try await store.trace(to: frontend, name: "trace") { () async throws -> Int in throw Failure() } }
        #expect(try !cluster.node.ruleset().contains("trace"))
        let table = KernelRulesetStore.tracer(of: frontend, name: "trace")
        #expect(NftText.text(of: table).contains("ip6 daddr fd00::1 udp dport 53 meta nftrace set 1"))
    }
}
