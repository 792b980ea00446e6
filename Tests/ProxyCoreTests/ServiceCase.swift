import Addresses
import Nftables
import Testing

@testable import KubeModel
@testable import ProxyCore

/// Services and slices, and what happens to packets, in lines such as
///
///     pod far to clusterIP nodePort: h2 t3*
///     pod to 10.96.0.1:53/UDP: refused
///
/// Clients and places have names, or are written as addresses. `h2` and `t3` are endpoints on this node (10.244.0.2) and on another one (10.244.1.3) at
/// port 8080; a star says that the client is masqueraded. `stays` means: one of several endpoints, and the same one each time. Other lines are
/// `health: v4 32000 1` (family, port, endpoints) and `problem: TEXT`; without them there are none.
struct ServiceCase: Sendable, CustomTestStringConvertible {
    let testDescription: String
    var services: [Service]
    var slices: [EndpointSlice]
    var configuration = ServiceCase.configuration
    let expected: String

    init(_ title: String, _ service: Service, _ endpoints: [EndpointSlice.Endpoint], _ expected: String) {
        self.init(title, [service], [Self.slice(endpoints)], expected)
    }

    init(
        _ title: String, _ services: [Service], _ slices: [EndpointSlice], _ expected: String,
        configure: (inout ProxyConfiguration) -> Void = { _ in }
    ) {
        testDescription = title
        self.services = services
        self.slices = slices
        self.expected = expected
        configure(&configuration)
    }

    static let configuration: ProxyConfiguration = {
        var configuration = ProxyConfiguration(
            nodeName: "here", nodePortAddresses: [IPAddress("192.168.77.11")!, IPAddress("fd77::11")!],
            podCIDRs: [CIDR("10.244.0.0/24")!, CIDR("fd44::/64")!], clusterCIDRs: [CIDR("10.244.0.0/16")!, CIDR("fd44::/48")!],
            masqueradesPodEgress: true)
        configuration.serviceCIDRs = [CIDR("10.96.0.0/16")!, CIDR("fd96::/112")!]
        configuration.zone = "east"
        return configuration
    }()

    /// `far` is a pod of another node, `host` another node. Packets of this node's pods come from the bridge swl0.
    private static let clients = [
        "pod": "10.244.0.9", "far": "10.244.1.9", "outside": "192.0.2.50", "host": "192.168.77.12", "node": "192.168.77.11",
        "pod6": "fd44::9", "far6": "fd44:0:0:1::9", "outside6": "2001:db8::50", "node6": "fd77::11",
    ]

    private static let places: [String: (address: String, port: UInt16)] = [
        "clusterIP": ("10.96.0.1", 80), "nodePort": ("192.168.77.11", 30080), "external": ("198.51.100.7", 80), "balancer": ("203.0.113.9", 80),
        "clusterIP6": ("fd96::1", 80), "nodePort6": ("fd77::11", 30080), "external6": ("2001:db8:1::7", 80), "balancer6": ("2001:db8:2::9", 80),
    ]

    private static let localAddresses = Set(["192.168.77.11", "127.0.0.1", "fd77::11", "::1"].map { IPAddress($0)! })

    // MARK: The check

    /// Returns what is not as expected, a line each.
    func failures() -> [String] { failures(services, slices) }

    func failures(_ services: [Service], _ slices: [EndpointSlice]) -> [String] {
        let table = ServiceTable(services: services, slices: slices, nodeName: "here", zone: configuration.zone)
        let tables = ServiceCompiler(configuration).compile(table)
        var failures: [String] = []
        var (problems, checks): ([String], [String]) = ([], [])
        for line in expected.split(separator: "\n") {
            guard let colon = line.firstRange(of: ": ") else { preconditionFailure("a line without a colon: \(line)") }
            let (subject, wanted) = (line[..<colon.lowerBound], String(line[colon.upperBound...]))
            switch subject {
            case "problem": problems.append(wanted)
            case "health": checks.append(wanted)
            default: failures += packets(String(subject), wanted, tables)
            }
        }
        let found = table.problems.map(\.text)
        if found.count != problems.count || !zip(found.sorted(), problems.sorted()).allSatisfy({ $0.contains($1) }) {
            failures.append("problems \(found), wanted \(problems)")
        }
        let health = table.healthChecks.map { "\($0.family) \($0.port) \($0.localEndpoints)" }
        if health != checks { failures.append("health checks \(health), wanted \(checks)") }
        return failures
    }

    private func packets(_ subject: String, _ wanted: String, _ tables: [Table]) -> [String] {
        let words = subject.split(separator: " ").map(String.init)
        guard let divider = words.firstIndex(of: "to") else { preconditionFailure("no `to` in: \(subject)") }
        var failures: [String] = []
        for client in words[..<divider] {
            for place in words[(divider + 1)...] {
                let packet = Self.packet(from: client, to: place)
                let simulator = PacketSimulator(tables[packet.destination.isV6 ? 1 : 0], localAddresses: Self.localAddresses)
                let outcomes = (0..<12).map { slot in
                    var fresh = simulator
                    return "\(fresh.send(packet, slot: slot))"
                }
                if wanted == "stays" {
                    var one = simulator
                    let answers = Set([1, 0, 2, 3, 4, 5].map { "\(one.send(packet, slot: $0))" })
                    if answers.count != 1 || Set(outcomes).count < 2 { failures.append("\(client) to \(place): \(answers) of \(Set(outcomes))") }
                } else if Set(outcomes) != Self.outcomes(wanted, packet.destination) {
                    failures.append("\(client) to \(place): \(Set(outcomes).sorted()), wanted \(wanted)")
                }
            }
        }
        return failures
    }

    private static func packet(from client: String, to place: String) -> PacketSimulator.Packet {
        let parts = place.split(separator: "/").map(String.init)
        var (address, port) = places[parts[0]] ?? ("", 0)
        if address.isEmpty {
            let colon = parts[0].lastIndex(of: ":")!
            (address, port) = (String(parts[0][..<colon]), UInt16(parts[0][parts[0].index(after: colon)...])!)
        }
        return PacketSimulator.Packet(
            source: IPAddress(clients[client] ?? client)!, destination: IPAddress(address)!, port: port,
            transport: TransportProtocol(field: parts.count > 1 ? parts[1] : nil)!, isFromNode: client == "node" || client == "node6",
            interface: client == "pod" || client == "pod6" ? "swl0" : "eth0")
    }

    private static func outcomes(_ text: String, _ destination: IPAddress) -> Set<String> {
        Set(
            text.split(separator: " ").map { word in
                let target = word.hasSuffix("*") ? word.dropLast() : word
                let suffix = word.hasSuffix("*") ? " masqueraded" : ""
                guard let last = Int(target.dropFirst()), target.first == "h" || target.first == "t" else { return target + suffix }
                let address = target.first == "h" ? (destination.isV6 ? "fd44::" : "10.244.0.") : (destination.isV6 ? "fd44:0:0:1::" : "10.244.1.")
                return "\(IPAddress("\(address)\(last)")!):8080\(suffix)"
            })
    }

    // MARK: Input

    enum State {
        case unsaid, ready, starting, leaving, dead

        var conditions: EndpointSlice.Endpoint.Conditions? {
            switch self {
            case .unsaid: nil
            case .ready: .init(ready: true, serving: true, terminating: false)
            case .starting: .init(ready: false, serving: false, terminating: false)
            case .leaving: .init(ready: false, serving: true, terminating: true)
            case .dead: .init(ready: false, serving: false, terminating: true)
            }
        }
    }

    static func h(_ last: Int, _ state: State = .ready, zones: [String] = [], nodes: [String] = []) -> EndpointSlice.Endpoint {
        endpoint("10.244.0.\(last)", node: "here", state.conditions, zones: zones, nodes: nodes)
    }

    static func t(_ last: Int, _ state: State = .ready, zones: [String] = [], nodes: [String] = []) -> EndpointSlice.Endpoint {
        endpoint("10.244.1.\(last)", node: "there", state.conditions, zones: zones, nodes: nodes)
    }

    static func endpoint(
        _ addresses: String..., node: String? = "there", _ conditions: EndpointSlice.Endpoint.Conditions? = nil, zones: [String] = [],
        nodes: [String] = []
    ) -> EndpointSlice.Endpoint {
        EndpointSlice.Endpoint(
            addresses: addresses, conditions: conditions, nodeName: node,
            hints: zones.isEmpty && nodes.isEmpty ? nil : .init(zones: zones, nodes: nodes))
    }

    static func slice(
        _ endpoints: [EndpointSlice.Endpoint], _ name: String = "x", of service: String = "web", type: String = "IPv4",
        ports: [EndpointSlice.Port] = [.init(name: "", protocol: "TCP", port: 8080)], labels: [String: String] = [:]
    ) -> EndpointSlice {
        EndpointSlice(
            metadata: ObjectMeta(name: name, namespace: "default", labels: labels.merging(["kubernetes.io/service-name": service]) { $1 }),
            addressType: type, endpoints: endpoints, ports: ports)
    }

    /// 10.96.0.1:80, NodePort 30080, external 198.51.100.7 and, behind a load balancer, 203.0.113.9.
    static func web(_ change: (inout Service) -> Void = { _ in }) -> Service {
        var service = Service(
            metadata: ObjectMeta(name: "web", namespace: "default"),
            spec: ServiceSpec(type: "LoadBalancer", clusterIPs: ["10.96.0.1"], ports: [ServicePort(port: 80, nodePort: 30080)]))
        service.spec?.externalIPs = ["198.51.100.7"]
        service.setIngress("203.0.113.9")
        change(&service)
        return service
    }

    /// As `web`, in both families.
    static func dual(_ change: (inout Service) -> Void = { _ in }) -> Service {
        web {
            $0.spec?.clusterIPs = ["10.96.0.1", "fd96::1"]
            $0.spec?.externalIPs = ["198.51.100.7", "2001:db8:1::7"]
            $0.setIngress("203.0.113.9", "2001:db8:2::9")
            change(&$0)
        }
    }

    /// With a ClusterIP only.
    static func plain(_ name: String = "web", _ address: String = "10.96.0.1", _ change: (inout Service) -> Void = { _ in }) -> Service {
        var service = Service(
            metadata: ObjectMeta(name: name, namespace: "default"),
            spec: ServiceSpec(type: "ClusterIP", clusterIPs: [address], ports: [ServicePort(port: 80)]))
        change(&service)
        return service
    }
}

extension Service {
    mutating func setIngress(_ addresses: String..., mode: String? = nil) {
        status = ServiceStatus()
        status?.loadBalancer = .init()
        status?.loadBalancer?.ingress = addresses.map {
            var ingress = ServiceStatus.LoadBalancer.Ingress()
            ingress.ip = $0
            ingress.ipMode = mode
            return ingress
        }
    }
}
