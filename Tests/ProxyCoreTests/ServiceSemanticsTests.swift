import Addresses
import Nftables
import Testing

@testable import KubeModel
@testable import ProxyCore

/// Services and slices in, what happens to packets out.
@Suite struct ServiceSemanticsTests {
    typealias Conditions = EndpointSlice.Endpoint.Conditions
    typealias Outcome = PacketSimulator.Outcome

    static let node = IPAddress("192.168.77.11")!
    static let configuration: ProxyConfiguration = {
        var configuration = ProxyConfiguration(
            nodeName: "here", nodePortAddresses: [node], podCIDRs: [CIDR("10.244.0.0/24")!], clusterCIDRs: [CIDR("10.244.0.0/16")!],
            masqueradesPodEgress: true)
        configuration.serviceCIDRs = [CIDR("10.96.0.0/16")!]
        configuration.zone = "east"
        return configuration
    }()

    /// An endpoint as a case writes it: the last part of 10.244.0.x on this node, or of 10.244.1.x on another one.
    static func endpoint(_ address: String, _ conditions: Conditions? = nil, zones: [String] = [], nodes: [String] = []) -> EndpointSlice.Endpoint {
        EndpointSlice.Endpoint(
            addresses: [address], conditions: conditions, nodeName: address.hasPrefix("10.244.0.") ? "here" : "there",
            hints: zones.isEmpty && nodes.isEmpty ? nil : .init(zones: zones, nodes: nodes))
    }

    static let here = endpoint("10.244.0.2")
    static let there = endpoint("10.244.1.3")
    static let leaving = Conditions(ready: false, serving: true, terminating: true)

    /// The Service of the cases: 10.96.0.1:80, NodePort 30080, external 198.51.100.7 and, behind a load balancer, 203.0.113.9.
    static func web(_ change: (inout Service) -> Void = { _ in }) -> Service {
        var service = Service(
            metadata: ObjectMeta(name: "web", namespace: "default"),
            spec: ServiceSpec(type: "LoadBalancer", clusterIPs: ["10.96.0.1"], ports: [ServicePort(port: 80, nodePort: 30080)]))
        service.spec?.externalIPs = ["198.51.100.7"]
        var ingress = ServiceStatus.LoadBalancer.Ingress()
        ingress.ip = "203.0.113.9"
        var balancer = ServiceStatus.LoadBalancer()
        balancer.ingress = [ingress]
        var status = ServiceStatus()
        status.loadBalancer = balancer
        service.status = status
        change(&service)
        return service
    }

    static func simulator(
        _ services: [Service], _ endpoints: [EndpointSlice.Endpoint], configuration: ProxyConfiguration = configuration
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

    /// All that may happen to a client's connections, whatever is drawn.
    static func outcomes(_ simulator: PacketSimulator, _ client: Client, _ place: Place) -> Set<String> {
        var simulator = simulator
        let packet = PacketSimulator.Packet(
            source: IPAddress(client.rawValue)!, destination: IPAddress(place.rawValue)!, port: place == .nodePort ? 30080 : 80,
            isFromNode: client == .node)
        return Set((0..<12).map { "\(simulator.send(packet, slot: $0))" })
    }

    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        var service: Service
        var endpoints: [EndpointSlice.Endpoint]
        /// By client and place; a place that is missing is not looked at.
        var expected: [(Client, [Place], Set<String>)]

        init(_ title: String, _ service: Service, _ endpoints: [EndpointSlice.Endpoint], _ expected: [(Client, [Place], Set<String>)]) {
            testDescription = title
            self.service = service
            self.endpoints = endpoints
            self.expected = expected
        }
    }

    static let a = "10.244.0.2:8080"
    static let b = "10.244.1.3:8080"
    static func masqueraded(_ targets: String...) -> Set<String> { Set(targets.map { $0 + " masqueraded" }) }
    static let outsideOfClusterIP: [Place] = [.nodePort, .external, .balancer]

    static let cases: [Case] = {
        var list: [Case] = []
        func add(
            _ title: String, _ service: Service, _ endpoints: [EndpointSlice.Endpoint], _ expected: [(Client, [Place], Set<String>)]
        ) { list.append(Case(title, service, endpoints, expected)) }
        add(
            "policy Cluster: all endpoints; clients from outside are masqueraded", web(), [here, there],
            [
                (.pod, [.clusterIP], [a, b]), (.pod, outsideOfClusterIP, masqueraded(a, b)), (.outside, Place.allCases, masqueraded(a, b)),
                (.node, Place.allCases, masqueraded(a, b)),
            ])
        add(
            "no endpoints: every place refuses everybody", web(), [], Client.allCases.map { ($0, Place.allCases, ["refused"]) })
        add(
            "external policy Local: outside reaches this node's endpoint with its own address, the cluster reaches all",
            web { $0.spec?.externalTrafficPolicy = "Local" }, [here, there],
            [
                (.outside, outsideOfClusterIP, [a]), (.pod, outsideOfClusterIP, [a, b]), (.node, outsideOfClusterIP, masqueraded(a, b)),
                (.pod, [.clusterIP], [a, b]), (.outside, [.clusterIP], masqueraded(a, b)),
            ])
        add(
            "external policy Local without an endpoint here: outside is dropped, the cluster is served",
            web { $0.spec?.externalTrafficPolicy = "Local" }, [there],
            [
                (.outside, outsideOfClusterIP, ["dropped"]), (.pod, outsideOfClusterIP, [b]), (.node, outsideOfClusterIP, masqueraded(b)),
                (.pod, [.clusterIP], [b]),
            ])
        add(
            "external policy Local without any endpoint: refused", web { $0.spec?.externalTrafficPolicy = "Local" }, [],
            Client.allCases.map { ($0, Place.allCases, ["refused"]) })
        add(
            "internal policy Local: the ClusterIP leads to this node's endpoints only", web { $0.spec?.internalTrafficPolicy = "Local" },
            [here, there], [(.pod, [.clusterIP], [a]), (.outside, [.clusterIP], masqueraded(a)), (.outside, outsideOfClusterIP, masqueraded(a, b))])
        add(
            "internal policy Local without an endpoint here: the ClusterIP is dropped, the rest is served",
            web { $0.spec?.internalTrafficPolicy = "Local" }, [there],
            [(.pod, [.clusterIP], ["dropped"]), (.node, [.clusterIP], ["dropped"]), (.outside, outsideOfClusterIP, masqueraded(b))])
        add(
            "both policies Local",
            web {
                $0.spec?.internalTrafficPolicy = "Local"
                $0.spec?.externalTrafficPolicy = "Local"
            }, [here, there],
            [(.pod, [.clusterIP], [a]), (.outside, outsideOfClusterIP, [a]), (.pod, outsideOfClusterIP, [a, b])])
        add(
            "only terminating endpoints: those that serve are used",
            web(), [endpoint("10.244.0.2", leaving), endpoint("10.244.1.3", Conditions(ready: false, serving: false, terminating: true))],
            [(.pod, [.clusterIP], [a]), (.outside, outsideOfClusterIP, masqueraded(a))])
        add(
            "policy Local: this node's leaving endpoint serves outside while the cluster uses a ready one elsewhere",
            web { $0.spec?.externalTrafficPolicy = "Local" }, [endpoint("10.244.0.2", leaving), there],
            [(.outside, [.nodePort], [a]), (.pod, [.nodePort, .clusterIP], [b])])
        add(
            "zone hints: the node's zone", web(), [endpoint("10.244.0.2", zones: ["east"]), endpoint("10.244.1.3", zones: ["west"])],
            [(.pod, [.clusterIP], [a]), (.outside, [.nodePort], masqueraded(a))])
        add(
            "an endpoint without a hint: hints do not count", web(), [endpoint("10.244.0.2", zones: ["east"]), there],
            [(.pod, [.clusterIP], [a, b])])
        add(
            "hints for other zones only: hints do not count", web(),
            [endpoint("10.244.0.2", zones: ["west"]), endpoint("10.244.1.3", zones: ["west"])], [(.pod, [.clusterIP], [a, b])])
        add(
            "node hints come before zone hints", web(),
            [endpoint("10.244.0.2", zones: ["east"], nodes: ["there"]), endpoint("10.244.1.3", zones: ["west"], nodes: ["here"])],
            [(.pod, [.clusterIP], [b])])
        add(
            "hints do not bind policy Local", web { $0.spec?.externalTrafficPolicy = "Local" },
            [endpoint("10.244.0.2", zones: ["west"]), endpoint("10.244.1.3", zones: ["east"])],
            [(.outside, [.nodePort], [a]), (.pod, [.nodePort], [b])])
        add(
            "source ranges: only the load balancer's address is closed to other clients",
            web { $0.spec?.loadBalancerSourceRanges = ["192.0.2.48/29 ", "2001:db8::/32"] }, [here],
            [(.outside, Place.allCases, masqueraded(a)), (.pod, [.balancer], ["dropped"]), (.pod, [.external], masqueraded(a))])
        add(
            "source ranges that leave a client out", web { $0.spec?.loadBalancerSourceRanges = ["192.0.2.0/28", "192.0.2.0/27"] }, [here],
            [(.outside, [.balancer], ["dropped"]), (.outside, [.nodePort, .external], masqueraded(a)), (.pod, [.clusterIP], [a])])
        add(
            "a source range of all addresses admits everybody", web { $0.spec?.loadBalancerSourceRanges = ["192.0.2.0/28", "0.0.0.0/0"] }, [here],
            [(.outside, [.balancer], masqueraded(a)), (.pod, [.balancer], masqueraded(a))])
        add(
            "source ranges of the other family admit everybody of this one", web { $0.spec?.loadBalancerSourceRanges = ["2001:db8::/32"] }, [here],
            [(.outside, [.balancer], masqueraded(a))])
        add(
            "a source range that is none admits nobody", web { $0.spec?.loadBalancerSourceRanges = ["everybody"] }, [here],
            [(.outside, [.balancer], ["dropped"]), (.outside, [.external], masqueraded(a))])
        add(
            "a load balancer that translates is none of the node's business", web { $0.status?.loadBalancer?.ingress?[0].ipMode = "Proxy" }, [here],
            [(.outside, [.balancer], ["passed"]), (.outside, [.external], masqueraded(a))])
        add(
            "an ingress with a name only is skipped",
            web {
                $0.status?.loadBalancer?.ingress?[0].ip = nil
                $0.status?.loadBalancer?.ingress?[0].hostname = "x"
            }, [here],
            [(.outside, [.balancer], ["passed"]), (.outside, [.nodePort], masqueraded(a))])
        add(
            "a pod that reaches itself is masqueraded, through every place",
            web { $0.spec?.externalTrafficPolicy = "Local" }, [endpoint("10.244.0.9")],
            [(.pod, Place.allCases, masqueraded("10.244.0.9:8080"))])
        add(
            "one address and port in several entries is one endpoint, local when one entry says so", web { $0.spec?.externalTrafficPolicy = "Local" },
            [
                .init(addresses: ["10.244.1.1"], conditions: Conditions(ready: true), nodeName: "node-9"),
                .init(addresses: ["10.244.1.1"], conditions: Conditions(ready: true), nodeName: "here"),
                .init(addresses: ["10.244.1.2"], conditions: Conditions(ready: true), nodeName: "node-9"),
            ],
            [(.pod, [.clusterIP], ["10.244.1.1:8080", "10.244.1.2:8080"]), (.outside, [.nodePort], ["10.244.1.1:8080"])])
        add(
            "endpoints on loopback, link-local and multicast addresses get no packet", web(),
            [endpoint("127.0.0.1"), endpoint("169.254.169.254"), endpoint("224.0.0.1"), endpoint("0.0.0.0"), there],
            [(.pod, [.clusterIP], [b])])
        add(
            "only such endpoints: refused", web(), [endpoint("169.254.169.254")], [(.pod, [.clusterIP, .nodePort], ["refused"])])
        return list
    }()

    @Test("packets go where the Service says", arguments: cases) func packets(_ test: Case) {
        let simulator = Self.simulator([test.service], test.endpoints)
        for (client, places, expected) in test.expected {
            for place in places {
                #expect(Self.outcomes(simulator, client, place) == expected, "\(client) to \(place)")
            }
        }
    }

    @Test("unknown ports of a ClusterIP are refused, unassigned addresses of the range dropped, others left alone") func hygiene() {
        var simulator = Self.simulator([Self.web()], [Self.here])
        func send(_ address: String, _ port: UInt16) -> Outcome {
            simulator.send(.init(source: IPAddress("10.244.0.9")!, destination: IPAddress(address)!, port: port))
        }
        #expect(send("10.96.0.1", 81) == .refused)
        #expect(send("10.96.0.77", 80) == .dropped)
        #expect(send("10.97.0.77", 80) == .passed)
        #expect(send("192.168.77.11", 22) == .passed)
        #expect(send("198.51.100.7", 22) == .passed)
    }

    @Test("NodePorts in ranges are served at the node's own addresses there, never on loopback") func nodePortRanges() {
        var configuration = Self.configuration
        configuration.nodePorts = NodePortAddresses(field: ["0.0.0.0/0"], nodeAddresses: [])
        var simulator = Self.simulator([Self.web()], [Self.here], configuration: configuration)
        func send(_ address: String, fromNode: Bool = false) -> String {
            let source = fromNode ? address : "192.0.2.50"
            return "\(simulator.send(.init(source: IPAddress(source)!, destination: IPAddress(address)!, port: 30080, isFromNode: fromNode)))"
        }
        #expect(send("192.168.77.11") == "10.244.0.2:8080 masqueraded")
        #expect(send("192.168.77.12") == "passed", "another host's address")
        #expect(send("127.0.0.1", fromNode: true) == "passed")
    }

    @Test("with session affinity a client keeps its endpoint at every place, and others draw their own") func affinity() {
        for policy in ["Cluster", "Local"] {
            let service = Self.web {
                $0.spec?.sessionAffinity = "ClientIP"
                $0.spec?.externalTrafficPolicy = policy
            }
            var simulator = Self.simulator([service], [Self.here, Self.endpoint("10.244.0.3"), Self.there])
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
        var simulator = PacketSimulator(ServiceCompiler(Self.configuration).compile(table)[0], localAddresses: [Self.node])
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
