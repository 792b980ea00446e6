package import Addresses

/// One port of a Service in one address family: the input of the rules, and a line of `swiftlet proxy ls`.
package struct ServiceEntry: Sendable, Hashable {
    package let name: ServicePortName
    package let clusterIP: IPAddress
    package let port: UInt16
    package let nodePort: UInt16?
    /// Usable endpoints in ascending order: the ready ones, or if none is ready those that are terminating but still serve.
    package let endpoints: [Endpoint]

    package init(
        name: ServicePortName, clusterIP: IPAddress, port: UInt16, nodePort: UInt16? = nil, endpoints: [Endpoint]
    ) {
        self.name = name
        self.clusterIP = clusterIP
        self.port = port
        self.nodePort = nodePort
        self.endpoints = endpoints
    }

    package var family: IPAddress.Family { clusterIP.family }

    package var frontend: Frontend { Frontend(address: clusterIP, transport: name.transport, port: port) }
}
