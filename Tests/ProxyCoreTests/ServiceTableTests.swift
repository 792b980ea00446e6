import Nftables
import Testing

@testable import KubeModel
@testable import ProxyCore

@Suite struct ServiceTableTests {
    typealias Conditions = EndpointSlice.Endpoint.Conditions

    static func service(
        _ name: String = "web", ips: [String] = ["10.96.0.1"], ports: [ServicePort] = [ServicePort(port: 80)], type: String? = nil,
        labels: [String: String]? = nil
    ) -> Service {
        Service(metadata: ObjectMeta(name: name, namespace: "default", labels: labels), spec: ServiceSpec(type: type, clusterIPs: ips, ports: ports))
    }

    static func slice(
        _ endpoints: [(String, Conditions?)], service: String = "web", type: String = "IPv4",
        ports: [EndpointSlice.Port] = [.init(name: "", protocol: "TCP", port: 8080)], labels: [String: String] = [:], name: String = "x"
    ) -> EndpointSlice {
        EndpointSlice(
            metadata: ObjectMeta(name: name, namespace: "default", labels: labels.merging(["kubernetes.io/service-name": service]) { $1 }),
            addressType: type,
            endpoints: endpoints.map { .init(addresses: [$0.0], conditions: $0.1, nodeName: $0.0 == "10.244.0.1" ? "here" : "there") }, ports: ports)
    }

    static func entries(_ services: [Service], _ slices: [EndpointSlice]) -> [ServiceEntry] {
        ServiceTable(services: services, slices: slices, nodeName: "here").entries
    }

    static func endpoints(_ slices: [EndpointSlice]) -> [String] {
        entries([service()], slices).flatMap(\.endpoints).map(\.description)
    }

    @Test("conditions decide which endpoints are used") func conditionsDecide() {
        let yes = Conditions(ready: true, serving: true, terminating: false)
        let leaving = Conditions(ready: false, serving: true, terminating: true)
        let dead = Conditions(ready: false, serving: false, terminating: true)
        let starting = Conditions(ready: false, serving: false, terminating: false)
        let odd = Conditions(ready: false, serving: true, terminating: false)
        let table: [([(String, Conditions?)], [String])] = [
            ([("10.0.0.1", nil), ("10.0.0.2", Conditions())], ["10.0.0.1:8080", "10.0.0.2:8080"]),
            ([("10.0.0.1", yes), ("10.0.0.2", leaving)], ["10.0.0.1:8080"]),
            ([("10.0.0.1", starting), ("10.0.0.2", leaving), ("10.0.0.3", dead)], ["10.0.0.2:8080"]),
            ([("10.0.0.1", starting), ("10.0.0.3", dead), ("10.0.0.4", odd)], []),
            ([("10.0.0.1", Conditions(ready: false, terminating: true))], ["10.0.0.1:8080"]),
            ([("10.0.0.1", Conditions(ready: false))], []),
            ([("nonsense", yes), ("fd00::1", yes), ("10.0.0.9", yes)], ["10.0.0.9:8080"]),
        ]
        for (endpoints, expected) in table { #expect(Self.endpoints([Self.slice(endpoints)]) == expected, "\(endpoints)") }
    }

    @Test("many slices are one set of endpoints") func manySlicesAreOneSet() {
        let gone = Conditions(ready: false, serving: true, terminating: true)
        #expect(
            Self.endpoints([Self.slice([("10.0.0.3", nil), ("10.0.0.1", gone)]), Self.slice([("10.0.0.1", nil)], name: "y")]) == [
                "10.0.0.1:8080", "10.0.0.3:8080",
            ])
        #expect(Self.endpoints([Self.slice([("10.0.0.1", nil)]), Self.slice([("10.0.0.1", gone)], name: "y")]) == ["10.0.0.1:8080"])
        #expect(Self.endpoints([Self.slice([("10.0.0.1", nil)], service: "other")]) == [])
        #expect(Self.endpoints([Self.slice([("10.0.0.1", nil)], labels: ["service.kubernetes.io/headless": ""])]) == [])
        #expect(Self.endpoints([Self.slice([("a.example", nil)], type: "FQDN")]) == [])
    }

    @Test("ports match by name and protocol") func portsMatchByNameAndProtocol() {
        let ports = [
            ServicePort(name: "http", port: 80), ServicePort(name: "dns", protocol: "UDP", port: 53), ServicePort(name: "dns-tcp", port: 53),
        ]
        let entries = Self.entries(
            [Self.service(ports: ports + [ServicePort(name: "sctp", protocol: "SCTP", port: 9)])],
            [
                Self.slice(
                    [("10.244.0.1", nil)],
                    ports: [
                        .init(name: "http", port: 8080), .init(name: "dns", protocol: "UDP", port: 1053), .init(name: "dns-tcp", port: 1054),
                        .init(name: "sctp", protocol: "SCTP", port: 99), .init(name: "http", protocol: "UDP", port: 1),
                        .init(name: "other", port: nil),
                    ])
            ])
        #expect(
            entries.map { "\($0.name) \($0.port) \($0.endpoints)" } == [
                "default/web:http/TCP 80 [10.244.0.1:8080]", "default/web:dns/UDP 53 [10.244.0.1:1053]",
                "default/web:dns-tcp/TCP 53 [10.244.0.1:1054]",
                "default/web:sctp/SCTP 9 [10.244.0.1:99]",
            ])
        #expect(entries[0].endpoints[0].isLocal)
    }

    @Test("objects of other proxies and headless ones are skipped silently") func whatIsNotOursIsSkippedSilently() {
        for service in [
            Self.service(ips: ["None"]), Self.service(ips: []), Self.service(ips: [""]), Self.service(type: "ExternalName"),
            Self.service(labels: ["service.kubernetes.io/service-proxy-name": "x"]), Self.service(labels: ["service.kubernetes.io/headless": ""]),
        ] {
            let table = ServiceTable(services: [service], slices: [], nodeName: "here")
            #expect(table.entries.isEmpty && table.problems.isEmpty)
        }
    }

    @Test("bad input is named and the rest is served") func badInputIsNamedAndLeavesTheRestAlone() {
        let table = ServiceTable(
            services: [
                Self.service("bad", ips: ["10.96.0.x"]), Self.service("loop", ips: ["127.0.0.1"]),
                Self.service(
                    "ports", ips: ["10.96.0.2"], ports: [ServicePort(port: 70000), ServicePort(protocol: "ICMP", port: 1), ServicePort(port: 80)]),
            ], slices: [], nodeName: "here")
        #expect(table.entries.map(\.name.description) == ["default/ports/TCP"])
        #expect(
            table.problems.map(\.description) == [
                "service default/bad: cluster IP \"10.96.0.x\" is not an address that can be served",
                "service default/loop: cluster IP \"127.0.0.1\" is not an address that can be served",
                "service default/ports: port 70000/TCP cannot be served", "service default/ports: port 1/ICMP cannot be served",
            ])
    }

    @Test("the first name wins a contest") func theFirstNameWinsAContest() {
        let first = Self.service("a", ports: [ServicePort(port: 80, nodePort: 30000)], type: "NodePort")
        let second = Self.service("b", ports: [ServicePort(port: 80, nodePort: 30001)], type: "NodePort")
        let third = Self.service("c", ips: ["10.96.0.3"], ports: [ServicePort(port: 80, nodePort: 30000)], type: "LoadBalancer")
        for services in [[first, second, third], [third, second, first]] {
            let table = ServiceTable(services: services, slices: [], nodeName: "here")
            #expect(table.entries.map { "\($0.name.service) \($0.nodePort ?? 0)" } == ["a 30000", "c 0"])
            #expect(
                table.problems.map(\.description) == [
                    "service default/b: 10.96.0.1 port 80 belongs to service default/a already",
                    "service default/c: node port 30000 belongs to service default/a already",
                ])
        }
    }

    @Test("of two Services that want an external address, the older one has it") func theOlderServiceKeepsAnExternalAddress() {
        func wanting(_ name: String, _ ip: String, created: Int64) -> Service {
            var service = Self.service(name, ips: [ip])
            service.metadata.creationTimestamp = Timestamp(seconds: created)
            service.metadata.uid = "uid-\(name)"
            service.spec?.externalIPs = ["198.51.100.7"]
            return service
        }
        let table = ServiceTable(
            services: [wanting("a", "10.96.0.1", created: 20), wanting("b", "10.96.0.2", created: 10)], slices: [], nodeName: "here")
        #expect(table.entries.map { "\($0.name.service) \($0.externalIPs.count)" } == ["a 0", "b 1"])
        #expect(
            table.problems.map { "\($0.uid ?? "") \($0)" } == ["uid-a service default/a: 198.51.100.7 port 80 belongs to service default/b already"])
    }

    @Test("no Service gets another one's ClusterIP as its external address, however old it is") func clusterIPsCannotBeClaimed() {
        var thief = Self.service("thief", ips: ["10.96.0.2"])
        thief.metadata.creationTimestamp = Timestamp(seconds: 1)
        thief.spec?.externalIPs = ["10.96.0.1", "10.96.0.2", "198.51.100.7"]
        var victim = Self.service("web")
        victim.metadata.creationTimestamp = Timestamp(seconds: 2)
        let table = ServiceTable(services: [thief, victim], slices: [], nodeName: "here")
        #expect(
            table.entries.map { "\($0.name.service) \($0.clusterIP) \($0.externalIPs)" } == ["thief 10.96.0.2 [198.51.100.7]", "web 10.96.0.1 []"])
        #expect(table.problems.count == 1)
    }

    @Test("external addresses that would reach the node or a link are refused by name") func badExternalAddresses() {
        var service = Self.service()
        service.spec?.externalIPs = ["127.0.0.1", "169.254.1.1", "239.0.0.1", "0.0.0.0", "fe80::1", "x y; drop", "198.51.100.7", "198.51.100.7"]
        let table = ServiceTable(services: [service], slices: [], nodeName: "here")
        #expect(table.entries.map(\.externalIPs.description) == ["[198.51.100.7]"])
        #expect(table.problems.count == 6 && table.problems[5].text == "external IP \"x y; drop\" is not an address that can be served")
    }

    @Test("endpoints that would reach the node or a link are named once and left out") func badEndpoints() {
        let slice = Self.slice([("127.0.0.1", nil), ("10.0.0.1", nil)], ports: [.init(name: "", port: 1), .init(name: "b", port: 2)])
        let table = ServiceTable(services: [Self.service()], slices: [slice], nodeName: "here")
        #expect(table.entries.flatMap(\.endpoints).map(\.description) == ["10.0.0.1:1"])
        #expect(
            table.problems.map(\.description) == [
                "service default/web: endpoint 127.0.0.1 of slice x gets no traffic: it is a loopback address"
            ])
    }

    @Test("a thousand endpoints, half of them twice, are one each") func manyEndpoints() {
        let slices = [0, 250].map { start in Self.slice((start..<(start + 500)).map { ("10.1.\($0 / 250).\($0 % 250 + 1)", nil) }, name: "x\(start)")
        }
        #expect(Self.endpoints(slices).count == 750)
    }

    @Test(
        "the timeout of session affinity has Kubernetes' default and bounds",
        arguments: [(nil, 10800), (5, 5), (0, 1), (100_000, 86400)] as [(Int?, UInt32)])
    func affinityTimeouts(seconds: Int?, expected: UInt32) {
        var service = Self.service()
        #expect(Self.entries([service], []).map(\.affinityTimeout) == [nil])
        service.spec?.sessionAffinity = "ClientIP"
        var config = ServiceSpec.SessionAffinityConfig()
        config.clientIP = .init()
        config.clientIP?.timeoutSeconds = seconds
        service.spec?.sessionAffinityConfig = seconds == nil ? nil : config
        #expect(Self.entries([service], []).map(\.affinityTimeout) == [expected])
    }

    @Test("a health check port counts the node's ready endpoints, each address once") func healthChecks() {
        var service = Self.service(
            ips: ["10.96.0.1", "fd96::1"], ports: [ServicePort(name: "a", port: 80), ServicePort(name: "b", port: 81)], type: "LoadBalancer")
        service.spec?.healthCheckNodePort = 32000
        let slice = Self.slice([("10.244.0.1", nil), ("10.244.0.3", nil)], ports: [.init(name: "a", port: 1), .init(name: "b", port: 2)])
        func checks() -> [String] {
            ServiceTable(services: [service], slices: [slice], nodeName: "here").healthChecks.map { "\($0.family) \($0.port) \($0.localEndpoints)" }
        }
        #expect(checks() == [])
        service.spec?.externalTrafficPolicy = "Local"
        #expect(checks() == ["v4 32000 1", "v6 32000 0"])
    }

    @Test("both families are served from their own slices") func bothFamiliesAreServedFromTheirOwnSlices() {
        let entries = Self.entries(
            [Self.service(ips: ["10.96.0.1", "fd96::1"], ports: [ServicePort(port: 80, nodePort: 30000)], type: "NodePort")],
            [Self.slice([("10.0.0.1", nil)]), Self.slice([("fd44::1", nil)], type: "IPv6", name: "y")])
        #expect(
            entries.map { "\($0.clusterIP) \($0.nodePort ?? 0) \($0.endpoints)" } == [
                "10.96.0.1 30000 [10.0.0.1:8080]", "fd96::1 30000 [[fd44::1]:8080]",
            ])
        #expect(Self.entries([Self.service(ports: [ServicePort(port: 80, nodePort: 30000)])], []).map(\.nodePort) == [nil])
    }
}
