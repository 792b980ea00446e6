package import KubeModel

/// Services and slices as the cases have them.
extension ServiceCase {
    package enum State: Sendable {
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

    package static func h(_ last: Int, _ state: State = .ready, zones: [String] = [], nodes: [String] = []) -> EndpointSlice.Endpoint {
        endpoint("10.244.0.\(last)", node: "here", state.conditions, zones: zones, nodes: nodes)
    }

    package static func t(_ last: Int, _ state: State = .ready, zones: [String] = [], nodes: [String] = []) -> EndpointSlice.Endpoint {
        endpoint("10.244.1.\(last)", node: "there", state.conditions, zones: zones, nodes: nodes)
    }

    package static func endpoint(
        _ addresses: String..., node: String? = "there", _ conditions: EndpointSlice.Endpoint.Conditions? = nil, zones: [String] = [],
        nodes: [String] = []
    ) -> EndpointSlice.Endpoint {
        EndpointSlice.Endpoint(
            addresses: addresses, conditions: conditions, nodeName: node,
            hints: zones.isEmpty && nodes.isEmpty ? nil : .init(zones: zones, nodes: nodes))
    }

    package static func slice(
        _ endpoints: [EndpointSlice.Endpoint], _ name: String = "x", of service: String = "web", type: String = "IPv4",
        ports: [EndpointSlice.Port] = [.init(name: "", protocol: "TCP", port: 8080)], labels: [String: String] = [:]
    ) -> EndpointSlice {
        EndpointSlice(
            metadata: ObjectMeta(name: name, namespace: "default", labels: labels.merging(["kubernetes.io/service-name": service]) { $1 }),
            addressType: type, endpoints: endpoints, ports: ports)
    }

    /// 10.96.0.1:80, NodePort 30080, external 198.51.100.7 and, behind a load balancer, 203.0.113.9.
    package static func web(_ change: (inout Service) -> Void = { _ in }) -> Service {
        var service = Service(
            metadata: ObjectMeta(name: "web", namespace: "default"),
            spec: ServiceSpec(type: "LoadBalancer", clusterIPs: ["10.96.0.1"], ports: [ServicePort(port: 80, nodePort: 30080)]))
        service.spec?.externalIPs = ["198.51.100.7"]
        service.setIngress("203.0.113.9")
        change(&service)
        return service
    }

    /// As `web`, in both families.
    package static func dual(_ change: (inout Service) -> Void = { _ in }) -> Service {
        web {
            $0.spec?.clusterIPs = ["10.96.0.1", "fd96::1"]
            $0.spec?.externalIPs = ["198.51.100.7", "2001:db8:1::7"]
            $0.setIngress("203.0.113.9", "2001:db8:2::9")
            change(&$0)
        }
    }

    /// With a ClusterIP only.
    package static func plain(_ name: String = "web", _ address: String = "10.96.0.1", _ change: (inout Service) -> Void = { _ in }) -> Service {
        var service = Service(
            metadata: ObjectMeta(name: name, namespace: "default"),
            spec: ServiceSpec(type: "ClusterIP", clusterIPs: [address], ports: [ServicePort(port: 80)]))
        change(&service)
        return service
    }
}

extension Service {
    mutating func setIngress(_ addresses: String..., mode: String? = nil) {
        status = ServiceStatus(loadBalancer: .init(ingress: addresses.map { .init(ip: $0, ipMode: mode) }))
    }
}
