import Addresses
import Nftables
import Testing

@testable import ProxyCore

@Suite struct AffinityTargetsTests {
    static let configuration = ProxyConfiguration(
        nodeName: "here", nodePortAddresses: [IPAddress("192.168.77.11")!], clusterCIDRs: [CIDR("10.244.0.0/16")!])

    static func entry(affinity: UInt32? = 60, external: TrafficPolicy = .cluster, endpoints: [String] = ["10.244.0.2", "10.244.1.3"]) -> ServiceEntry
    {
        var entry = ServiceEntry(
            name: ServicePortName(namespace: "default", service: "web", port: "", transport: .tcp), clusterIP: IPAddress("10.96.0.1")!, port: 80,
            nodePort: 30080, endpoints: endpoints.map { Endpoint(address: IPAddress($0)!, port: 8080, isLocal: $0 == "10.244.0.2") })
        entry.affinityTimeout = affinity
        entry.externalPolicy = external
        entry.localEndpoints = entry.endpoints.filter(\.isLocal)
        return entry
    }

    static func place(_ client: String, _ address: String, _ port: UInt16, at target: String) -> ClientAffinity {
        ClientAffinity(
            client: IPAddress(client)!, frontend: Frontend(address: IPAddress(address)!, transport: .tcp, port: port),
            target: Endpoint.Target(address: IPAddress(target)!, port: 8080))
    }

    @Test(
        "a client keeps its place while the endpoint may serve it",
        arguments: [
            (entry(), place("10.244.0.9", "10.96.0.1", 80, at: "10.244.1.3"), true),
            (entry(), place("10.244.0.9", "10.96.0.1", 81, at: "10.244.1.3"), false),
            (entry(affinity: nil), place("10.244.0.9", "10.96.0.1", 80, at: "10.244.1.3"), false),
            (entry(endpoints: ["10.244.0.2"]), place("10.244.0.9", "10.96.0.1", 80, at: "10.244.1.3"), false),
            (entry(), place("192.0.2.1", "192.168.77.11", 30080, at: "10.244.1.3"), true),
            (entry(), place("192.0.2.1", "192.168.77.12", 30080, at: "10.244.1.3"), false),
            // Policy Local binds other clients than those of the cluster.
            (entry(external: .local), place("192.0.2.1", "192.168.77.11", 30080, at: "10.244.1.3"), false),
            (entry(external: .local), place("192.0.2.1", "192.168.77.11", 30080, at: "10.244.0.2"), true),
            (entry(external: .local), place("10.244.0.9", "192.168.77.11", 30080, at: "10.244.1.3"), true),
            (entry(external: .local), place("192.168.77.11", "192.168.77.11", 30080, at: "10.244.1.3"), true),
            (entry(external: .local), place("192.0.2.1", "10.96.0.1", 80, at: "10.244.1.3"), true),
        ])
    func places(entry: ServiceEntry, affinity: ClientAffinity, isAllowed: Bool) {
        #expect(AffinityTargets(ServiceTable(entries: [entry]), configuration: Self.configuration).allows(affinity) == isAllowed)
    }

    @Test("an element of the kernel's map is read, in both families") func elements() {
        for (client, address, target) in [("10.0.0.1", "10.96.0.1", "10.244.0.2"), ("fd00::1", "fd96::1", "fd44::2")] {
            let expected = Self.place(client, address, 80, at: target)
            var key = PackedBytes(expected.client.bytes + expected.frontend.address.bytes)
            key.append(field: [6])
            key.append(bigEndian: UInt16(80))
            let element = Element(key, .data(expected.target.packed))
            let family = TableFamily(expected.client.family)
            #expect(ClientAffinity(element, in: family) == expected)
            #expect(ClientAffinity(element, in: family == .ip ? .ip6 : .ip) == nil)
            #expect(ClientAffinity(Element(key), in: family) == nil)
        }
    }
}
