import Addresses
import Nftables
import ServiceCases
import Testing

@testable import KubeModel
@testable import ProxyCore

/// The fate of several packets, and of many Services; `ServiceCaseTests` has single packets.
@Suite struct ServiceSemanticsTests {
    static let node = IPAddress("192.168.77.11")!
    static let here = ServiceCase.h(2)
    static let there = ServiceCase.t(3)

    static func web(_ change: (inout Service) -> Void = { _ in }) -> Service { ServiceCase.web(change) }

    static func simulator(
        _ services: [Service], _ endpoints: [EndpointSlice.Endpoint], configuration: ProxyConfiguration = ServiceCase.configuration
    ) -> PacketSimulator {
        let slices = services.map {
            EndpointSlice(
                metadata: ObjectMeta(name: "x", namespace: "default", labels: ["kubernetes.io/service-name": $0.metadata.name ?? ""]),
                addressType: "IPv4", endpoints: endpoints, ports: [.init(name: "", protocol: "TCP", port: 8080)])
        }
        let table = ServiceTable(services: services, slices: slices, nodeName: "here", zone: configuration.zone)
        return PacketSimulator(ServiceCompiler(configuration).compile(table)[0], localAddresses: [node, IPAddress("127.0.0.1")!])
    }

    enum Client: String, CaseIterable {
        case pod = "10.244.0.9"
        case outside = "192.0.2.50"
        case node = "192.168.77.11"
    }

    enum Place: String, CaseIterable {
        case clusterIP = "10.96.0.1"
        case nodePort = "192.168.77.11"
        case external = "198.51.100.7"
        case balancer = "203.0.113.9"
    }

    @Test("with session affinity a client keeps its endpoint at every place, and others draw their own") func affinity() {
        for policy in ["Cluster", "Local"] {
            let service = Self.web {
                $0.spec?.sessionAffinity = "ClientIP"
                $0.spec?.externalTrafficPolicy = policy
            }
            var simulator = Self.simulator([service], [Self.here, ServiceCase.h(3), Self.there])
            for place in Place.allCases {
                for client in Client.allCases {
                    let packet = PacketSimulator.Packet(
                        source: IPAddress(client.rawValue)!, destination: IPAddress(place.rawValue)!, port: place == .nodePort ? 30080 : 80,
                        isFromNode: client == .node)
                    let first = simulator.send(packet, slot: 1)
                    for slot in 0..<6 { #expect(simulator.send(packet, slot: slot) == first, "\(client) to \(place)") }
                    var other = packet
                    other.source = IPAddress(family: .v4, value: packet.source.value + 1)
                    #expect(simulator.send(other, slot: 0) != first)
                }
            }
            #expect(simulator.dynamic["affinities"]?.count == 2 * Client.allCases.count * Place.allCases.count)
        }
    }

    @Test("a client that still connects to an endpoint that is gone does not stay with it") func affinityToLostEndpoint() {
        let service = Self.web { $0.spec?.sessionAffinity = "ClientIP" }
        var simulator = Self.simulator([service], [Self.here, Self.there])
        let packet = PacketSimulator.Packet(source: IPAddress("10.244.0.9")!, destination: IPAddress("10.96.0.1")!, port: 80)
        simulator.sendAgain(packet, to: Endpoint.Target(address: IPAddress("10.244.0.77")!, port: 8080))
        #expect(simulator.dynamic["affinities"] == nil)
        simulator.sendAgain(packet, to: Endpoint.Target(address: IPAddress("10.244.1.3")!, port: 8080))
        #expect(simulator.dynamic["affinities"]?.count == 1)
        for slot in 0..<2 { #expect("\(simulator.send(packet, slot: slot))" == "10.244.1.3:8080") }
    }

    @Test("UDP and SCTP have affinity, too, each for itself", arguments: ["UDP", "SCTP"]) func affinityOfOtherProtocols(field: String) {
        var service = Self.web { $0.spec?.sessionAffinity = "ClientIP" }
        service.spec?.ports = [ServicePort(protocol: field, port: 80)]
        let slice = EndpointSlice(
            metadata: ObjectMeta(name: "x", namespace: "default", labels: ["kubernetes.io/service-name": "web"]), addressType: "IPv4",
            endpoints: [Self.here, Self.there], ports: [.init(name: "", protocol: field, port: 53)])
        let table = ServiceTable(services: [service], slices: [slice], nodeName: "here")
        var simulator = PacketSimulator(ServiceCompiler(ServiceCase.configuration).compile(table)[0], localAddresses: [Self.node])
        let packet = PacketSimulator.Packet(
            source: IPAddress("10.244.0.9")!, destination: IPAddress("10.96.0.1")!, port: 80, transport: TransportProtocol(field: field)!)
        #expect(Set((1..<5).map { "\(simulator.send(packet, slot: $0))" }) == ["10.244.1.3:53"])
    }

    @Test("the node may use a load balancer's address that it has itself, when the ranges admit the node") func ownBalancerAddress() {
        let service = Self.web { $0.spec?.loadBalancerSourceRanges = ["192.168.77.0/24"] }
        var simulator = Self.simulator([service], [Self.here])
        let packet = PacketSimulator.Packet(
            source: IPAddress("203.0.113.9")!, destination: IPAddress("203.0.113.9")!, port: 80, isFromNode: true)
        #expect("\(simulator.send(packet))".hasPrefix("10.244.0.2"))
    }

    @Test("the number of chains and rules depends on the features, not on the number of Services") func constantRules() {
        func counts(_ services: Int) -> [Int] {
            let table = Self.simulator(
                (0..<services).map { number in
                    Self.web {
                        $0.metadata.name = "web\(number)"
                        $0.spec?.clusterIPs = ["10.96.\(number / 200).\(number % 200 + 1)"]
                        $0.spec?.ports = [ServicePort(port: 80, nodePort: 30000 + number)]
                        $0.spec?.externalIPs = ["198.51.\(number / 200).\(number % 200 + 1)"]
                        $0.status?.loadBalancer?.ingress?[0].ip = "203.0.\(number / 200).\(number % 200 + 1)"
                        $0.spec?.sessionAffinity = "ClientIP"
                        $0.spec?.externalTrafficPolicy = "Local"
                        $0.spec?.loadBalancerSourceRanges = ["10.\(number % 250).0.0/16"]
                    }
                }, [Self.here, Self.there]
            ).table
            return [table.chains.count, table.ruleCount, table.sets.count]
        }
        #expect(counts(5) == counts(400))
    }
}
