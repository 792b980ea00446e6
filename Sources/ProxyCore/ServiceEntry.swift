package import Nftables

/// One port of a Service in one address family: what the rules are made from, and what `swiftlet proxy ls` shows.
package struct ServiceEntry: Sendable, Hashable {
    package let name: ServicePortName
    package let family: TableFamily
    package let clusterIP: IPAddress
    package let port: UInt16
    package let nodePort: UInt16?
    /// Usable endpoints in ascending order: the ready ones, or if there is none those that are terminating but still serve.
    package let endpoints: [Endpoint]

    package init(
        name: ServicePortName, clusterIP: IPAddress, port: UInt16, nodePort: UInt16? = nil, endpoints: [Endpoint]
    ) {
        self.name = name
        family = clusterIP.family
        self.clusterIP = clusterIP
        self.port = port
        self.nodePort = nodePort
        self.endpoints = endpoints
    }

    package var frontend: Frontend { Frontend(address: clusterIP, transport: name.transport, port: port) }
}
