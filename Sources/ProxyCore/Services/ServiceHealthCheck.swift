package import Addresses

/// A port of the node at which a load balancer asks whether the node has endpoints of a Service (`healthCheckNodePort`).
package struct ServiceHealthCheck: Sendable, Hashable {
    package let namespace: String
    package let service: String
    package let family: IPAddress.Family
    package let port: UInt16
    /// Ready endpoints of the Service on this node.
    package let localEndpoints: Int
    /// Where to answer; an unspecified address stands for all of the node.
    package var addresses: [IPAddress] = []

    package init(namespace: String, service: String, family: IPAddress.Family, port: UInt16, localEndpoints: Int) {
        self.namespace = namespace
        self.service = service
        self.family = family
        self.port = port
        self.localEndpoints = localEndpoints
    }
}
