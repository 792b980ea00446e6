package import Addresses

/// One port of a Service in one address family: the input of the rules, and a line of `swiftlet proxy ls`.
package struct ServiceEntry: Sendable, Hashable {
    package let name: ServicePortName
    package let clusterIP: IPAddress
    package let port: UInt16
    package var nodePort: UInt16?
    package var externalIPs: [IPAddress] = []
    /// Addresses of a load balancer that leaves packets' destination as it is.
    package var loadBalancerIPs: [IPAddress] = []
    /// Clients that the load balancer's addresses admit; `nil` for all. None of them contains another one.
    package var sourceRanges: [CIDR]?
    package var internalPolicy = TrafficPolicy.cluster
    package var externalPolicy = TrafficPolicy.cluster
    /// Seconds that a client stays with its endpoint after its last new connection; `nil` without session affinity.
    package var affinityTimeout: UInt32?
    /// Usable endpoints in ascending order: the ready ones, or if none is ready those that are terminating but still serve.
    package let endpoints: [Endpoint]
    /// Those of this node, when a policy asks for them.
    package var localEndpoints: [Endpoint] = []
    /// Some endpoint of the cluster could serve, whatever the policies say.
    package var hasEndpoints: Bool
    /// The targets that flows without connections may stay with; empty for TCP.
    package var servingTargets: Set<Endpoint.Target>

    package init(
        name: ServicePortName, clusterIP: IPAddress, port: UInt16, nodePort: UInt16? = nil, endpoints: [Endpoint]
    ) {
        self.name = name
        self.clusterIP = clusterIP
        self.port = port
        self.nodePort = nodePort
        self.endpoints = endpoints
        hasEndpoints = !endpoints.isEmpty
        servingTargets = name.transport == .tcp ? [] : Set(endpoints.map(\.target))
    }

    init(name: ServicePortName, clusterIP: IPAddress, port: UInt16, choice: EndpointChoice) {
        self.init(name: name, clusterIP: clusterIP, port: port, endpoints: choice.cluster)
        localEndpoints = choice.local
        hasEndpoints = choice.hasAny
        servingTargets = choice.serving
    }

    package var family: IPAddress.Family { clusterIP.family }

    package var frontend: Frontend { Frontend(address: clusterIP, transport: name.transport, port: port) }

    /// Every place at which it answers, the ClusterIP first.
    package var frontends: [ServiceFrontend] {
        func at(_ address: IPAddress) -> Frontend { Frontend(address: address, transport: name.transport, port: port) }
        var result = [ServiceFrontend(.clusterIP, frontend)]
        result += externalIPs.map { ServiceFrontend(.externalIP, at($0)) }
        result += loadBalancerIPs.map { ServiceFrontend(.loadBalancer, at($0)) }
        if let nodePort {
            result.append(ServiceFrontend(.nodePort, Frontend(address: family.unspecified, transport: name.transport, port: nodePort)))
        }
        return result
    }

    /// The endpoints that traffic from other hosts to a frontend may be led to.
    package func endpoints(at frontend: ServiceFrontend) -> [Endpoint] {
        (frontend.isExternal ? externalPolicy : internalPolicy) == .local ? localEndpoints : endpoints
    }
}
