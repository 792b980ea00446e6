import Addresses
import Nftables
import Testing

@testable import ProxyCore

@Suite struct ServiceCompilerTests {
    static let configuration = ProxyConfiguration(
        nodeName: "here", nodePortAddresses: [IPAddress("192.168.77.11")!, IPAddress("127.0.0.1")!, IPAddress("fd77::11")!],
        podCIDRs: [CIDR("10.244.0.0/24")!], clusterCIDRs: [CIDR("10.244.0.0/16")!], masqueradesPodEgress: true)

    static func entry(_ service: String, _ ip: String, transport: TransportProtocol = .tcp, nodePort: UInt16? = nil, endpoints: [String])
        -> ServiceEntry
    {
        ServiceEntry(
            name: ServicePortName(namespace: "default", service: service, port: "", transport: transport), clusterIP: IPAddress(ip)!, port: 80,
            nodePort: nodePort,
            endpoints: endpoints.map { Endpoint(address: IPAddress($0)!, port: 8080, isLocal: $0.hasPrefix("10.244.0.")) })
    }

    static func compile(_ entries: [ServiceEntry], _ configuration: ProxyConfiguration = configuration) -> [Table] {
        ServiceCompiler(configuration).compile(ServiceTable(entries: entries))
    }

    @Test("the whole table is as written down") func theWholeTable() {
        let tables = Self.compile([
            Self.entry("web", "10.96.0.1", nodePort: 30080, endpoints: ["10.244.0.2", "10.244.1.3"]),
            Self.entry("dns", "10.96.0.10", transport: .udp, endpoints: ["10.244.0.2"]),
            Self.entry("empty", "10.96.0.6", nodePort: 30081, endpoints: []),
        ])
        #expect(NftText.text(of: tables[0]) == GoldenRuleset.text)
    }

    @Test("both families always have a table") func bothTablesAreAlwaysThere() {
        let tables = Self.compile([])
        #expect(tables.map(\.id) == ServiceCompiler.tables)
        #expect(tables[0].chains.keys == tables[1].chains.keys && tables[0].sets.keys == tables[1].sets.keys)
        #expect(tables[1].sets["nodeport-ips"]?.elements.keys.map { IPAddress(bytes: $0.array) } == [IPAddress("fd77::11")])
        #expect(tables[1].chains.values.flatMap(\.rules).contains { $0.statements.contains(.reject) })
        #expect(tables[1].chains["refuse"]?.rules.map { NftText.text(of: $0, in: .ip6) } == ["reject with tcp reset", "reject"])
    }

    @Test("chains depend on the numbers of endpoints only") func chainsDependOnEndpointCountsOnly() {
        func table(_ count: Int) -> Table {
            Self.compile(
                (0..<count).map { Self.entry("s\($0)", "10.96.\($0 / 250).\($0 % 250 + 1)", endpoints: ["10.244.0.2", "10.244.0.3", "10.244.0.4"]) })[
                    0]
        }
        #expect(table(5).chains == table(500).chains)
        #expect(table(5).sets.mapValues(\.schema) == table(500).sets.mapValues(\.schema))
        #expect(table(500).sets["service-endpoints"]?.elements.count == 1500)
        // Pods of this node, however many Services they are behind.
        #expect(table(500).sets["hairpin"]?.elements.count == 3)
    }

    @Test("an added endpoint changes elements and one chain") func oneEndpointMoreIsAChangeOfElementsAndAChain() {
        let old = Self.compile([
            Self.entry("a", "10.96.0.1", endpoints: ["10.244.1.2"]), Self.entry("b", "10.96.0.2", endpoints: ["10.244.1.2", "10.244.1.3"]),
        ])[0]
        let new = Self.compile([
            Self.entry("a", "10.96.0.1", endpoints: ["10.244.1.2", "10.244.1.4"]),
            Self.entry("b", "10.96.0.2", endpoints: ["10.244.1.2", "10.244.1.3"]),
        ])[0]
        let texts = RulesetDiff.transaction(from: old, to: new).operations.map(\.description)
        #expect(
            texts == [
                "flush chain pick-1 of ip swiftlet", "delete 1 elements from map service-frontends of ip swiftlet",
                "delete chain pick-1 of ip swiftlet",
                "add 1 elements to map service-endpoints of ip swiftlet", "add 1 elements to map service-frontends of ip swiftlet",
            ])
    }

    @Test("ranges of a set do not overlap") func rangesDoNotOverlap() {
        var configuration = Self.configuration
        configuration.clusterCIDRs = [CIDR("10.0.0.0/8")!, CIDR("10.244.0.0/16")!, CIDR("10.244.0.0/16")!, CIDR("192.168.0.0/24")!]
        let ranges = Self.compile([], configuration)[0].sets["cluster-cidrs"]?.elements
        #expect(ranges?.keys.sorted() == [PackedBytes([10, 0, 0, 0]), PackedBytes([192, 168, 0, 0])])
    }

    @Test("options change masquerading only") func optionsChangeMasqueradingOnly() {
        var configuration = Self.configuration
        configuration.masqueradesPodEgress = false
        configuration.masqueradesAll = true
        configuration.masqueradeBit = 20
        let changed = Self.compile([Self.entry("web", "10.96.0.1", nodePort: 30080, endpoints: ["10.244.0.2"])], configuration)[0]
        let texts = changed.chains["nat-postrouting"]?.rules.map { NftText.text(of: $0, in: .ip) }
        #expect(
            texts == [
                "ct status dnat ip saddr . ip daddr @hairpin masquerade fully-random comment \"a pod that reaches itself answers through the node\"",
                "ct status dnat meta mark & 0x00100000 != 0x00000000 masquerade fully-random comment \"from outside to any endpoint\"",
                "ct status dnat ct original ip daddr @cluster-ips masquerade fully-random comment \"all ClusterIP traffic\"",
            ])
        #expect(changed.chains["nodeport-external-pick-1"]?.rules.first == Rule(.setMark(0x100000)))
    }

    @Test(
        "what tells pods' packets decides where they are masqueraded, and whom policy Local binds",
        arguments: [
            (.unknown, nil, nil, nil), (.clusterRanges, nil, "ip saddr != @cluster-cidrs", "ip saddr @cluster-cidrs"),
            (.nodeRanges, nil, "ip saddr != @pod-cidrs", "ip saddr @pod-cidrs"),
            (.bridge("cni0"), "iifname != \"cni0\"", nil, "iifname \"cni0\""),
            (.interfaces(prefix: "veth"), "iifname != \"veth*\"", nil, "iifname \"veth*\""),
        ] as [(LocalTraffic, String?, String?, String?)])
    func localTraffic(mode: LocalTraffic, marking: String?, masquerading: String?, shortCircuit: String?) {
        var configuration = Self.configuration
        configuration.localTraffic = mode
        var entry = Self.entry("web", "10.96.0.1", nodePort: 30080, endpoints: ["10.244.1.2"])
        entry.externalPolicy = .local
        func texts(_ chain: String) -> [String] {
            Self.compile([entry], configuration)[0].chains[chain]?.rules.map { NftText.text(of: $0, in: .ip) } ?? []
        }
        let comment = "comment \"to ClusterIPs from outside the pod network\""
        let marked = texts("services").filter { $0.contains("mark set") }
        #expect(marked == (marking.map { ["ip daddr @cluster-ips \($0) meta mark set meta mark | 0x00004000 \(comment)"] } ?? []))
        #expect(marked.first == texts("services").first || marked.isEmpty, "before the destination is translated")
        let masqueraded = texts("nat-postrouting").filter { $0.contains(comment) }
        #expect(
            masqueraded
                == (masquerading.map { ["ct status dnat ct original ip daddr @cluster-ips \($0) masquerade fully-random \(comment)"] } ?? []))
        let first = shortCircuit ?? "fib saddr type local"
        #expect(texts("nodeport-local-policy").first?.hasPrefix(first) == true)
        if let shortCircuit {
            #expect(texts("nodeport-local-policy").first == "\(shortCircuit) meta l4proto . th dport vmap @nodeport-short-circuits")
        }
    }
}
