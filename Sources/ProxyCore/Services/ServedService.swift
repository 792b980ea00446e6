import Addresses
import KubeModel

/// The parts of a Service that a proxy acts on, checked.
struct ServedService {
    struct Port {
        let name: ServicePortName
        let number: UInt16
        let nodePort: UInt16?
    }

    let namespace: String
    let name: String
    private(set) var clusterIPs: [IPAddress] = []
    private(set) var ports: [Port] = []
    private(set) var externalIPs: [IPAddress] = []
    private(set) var loadBalancerIPs: [IPAddress] = []
    private(set) var problems: [String] = []
    private(set) var healthPort: UInt16?
    private let spec: ServiceSpec

    /// Kubernetes' default for `timeoutSeconds` and its bounds.
    private static let defaultTimeout = 10800
    private static let timeouts = 1...86400

    /// `nil` for a Service without a ClusterIP, and for one that is meant for another proxy.
    init?(_ service: Service) {
        guard let spec = service.spec, let namespace = service.metadata.namespace, let name = service.metadata.name,
            spec.type != "ExternalName", !ServiceLabels.isIgnored(service.metadata)
        else { return nil }
        let texts = spec.clusterIPs.flatMap { $0.isEmpty ? nil : $0 } ?? [spec.clusterIP ?? ""]
        if texts.first == "None" || texts.first == "" { return nil }
        self.namespace = namespace
        self.name = name
        self.spec = spec
        for text in texts {
            guard let address = IPAddress(text), !address.isUnspecified, !address.isLoopback else {
                problems.append("cluster IP \"\(text)\" is not an address that can be served")
                continue
            }
            // One of each family: a second one would have the first one's NodePorts.
            guard !clusterIPs.contains(where: { $0.family == address.family }) else { continue }
            clusterIPs.append(address)
        }
        readPorts()
        externalIPs = readAddresses(spec.externalIPs ?? [], "external IP")
        let ingress = service.status?.loadBalancer?.ingress ?? []
        for text in spec.loadBalancerSourceRanges ?? [] where CIDR(text.filter { !$0.isWhitespace }) == nil {
            problems.append("source range \"\(text)\" is not a range of addresses and admits no client")
        }
        if spec.type == "LoadBalancer" {
            loadBalancerIPs = readAddresses(
                ingress.filter { $0.ipMode == nil || $0.ipMode == "VIP" }.compactMap { $0.ip.flatMap { $0.isEmpty ? nil : $0 } }, "load balancer IP")
            if externalPolicy == .local, let port = spec.healthCheckNodePort.flatMap({ UInt16(exactly: $0) }), port > 0 { healthPort = port }
        }
    }

    private mutating func readPorts() {
        for port in spec.ports ?? [] {
            guard let transport = TransportProtocol(field: port.protocol), let number = UInt16(exactly: port.port), number > 0 else {
                problems.append("port \(port.port)/\(port.protocol ?? "TCP") cannot be served")
                continue
            }
            let name = ServicePortName(namespace: namespace, service: self.name, port: port.name ?? "", transport: transport)
            let hasNodePort = spec.type == "NodePort" || spec.type == "LoadBalancer"
            let nodePort = hasNodePort ? port.nodePort.flatMap { UInt16(exactly: $0) } : nil
            ports.append(Port(name: name, number: number, nodePort: nodePort == 0 ? nil : nodePort))
        }
    }

    private mutating func readAddresses(_ texts: [String], _ kind: String) -> [IPAddress] {
        var result: [IPAddress] = []
        for text in texts {
            guard let address = IPAddress(text), address.reasonNotToServe == nil else {
                problems.append("\(kind) \"\(text)\" is not an address that can be served")
                continue
            }
            if !result.contains(address) { result.append(address) }
        }
        return result
    }

    /// The frontends that the Service wants: 0 for those at its ClusterIPs, 1 for all others. A NodePort has the unspecified address.
    var claims: [Frontend: Int] {
        var result: [Frontend: Int] = [:]
        for address in clusterIPs {
            let external = externalAddresses(beside: address)
            for port in ports {
                let transport = port.name.transport
                result[Frontend(address: address, transport: transport, port: port.number)] = 0
                for other in external.addresses + external.loadBalancers {
                    result[Frontend(address: other, transport: transport, port: port.number)] = 1
                }
                guard let nodePort = port.nodePort else { continue }
                result[Frontend(address: address.family.unspecified, transport: transport, port: nodePort)] = 1
            }
        }
        return result
    }

    /// The addresses of the same family besides a ClusterIP, each once.
    func externalAddresses(beside clusterIP: IPAddress) -> (addresses: [IPAddress], loadBalancers: [IPAddress]) {
        let addresses = externalIPs.filter { $0.family == clusterIP.family && $0 != clusterIP }
        return (addresses, loadBalancerIPs.filter { $0.family == clusterIP.family && $0 != clusterIP && !addresses.contains($0) })
    }

    var internalPolicy: TrafficPolicy { TrafficPolicy(field: spec.internalTrafficPolicy) }

    /// The field counts for Services that other hosts can reach; it is absent from a ClusterIP Service without external addresses.
    var externalPolicy: TrafficPolicy { TrafficPolicy(field: spec.externalTrafficPolicy) }

    var affinityTimeout: UInt32? {
        guard spec.sessionAffinity == "ClientIP" else { return nil }
        let seconds = spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? Self.defaultTimeout
        return UInt32(min(max(seconds, Self.timeouts.lowerBound), Self.timeouts.upperBound))
    }

    /// None of them contains another one; `nil` admits every client. Text that is not a range admits none.
    func sourceRanges(_ family: IPAddress.Family) -> [CIDR]? {
        let texts = spec.loadBalancerSourceRanges ?? []
        let known = texts.map { CIDR($0.filter { !$0.isWhitespace })?.network }
        let ranges = Set(known.compactMap { $0 }.filter { $0.family == family })
        if ranges.contains(.everything(family)) || ranges.isEmpty && !known.contains(nil) { return nil }
        return ranges.filter { range in !ranges.contains { $0 != range && $0.contains(range) } }.sorted { $0.first < $1.first }
    }
}
