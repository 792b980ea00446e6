package import KubeModel

/// The part of the Service proxy that the operators' socket shows.
package protocol ProxyView: Sendable {
    func snapshot() async -> ProxySnapshot

    /// The proxy's decisions about a Service, as text; `nil` when there is no such Service.
    /// - Parameters:
    ///   - port: name or number of one of its ports.
    ///   - client: an IP address.
    func explanation(of service: ObjectKey, port: String?, from client: String?) async -> String?

    /// The Services' tables as nft prints them.
    func rules() async -> String
}

/// The Services that the node makes reachable, and when that was last written to the kernel.
package struct ProxySnapshot: Sendable, Hashable, Codable {
    /// When the kernel's rules last agreed with the API; absent before the first time.
    package var lastSync: Timestamp?
    /// Why they do not agree now; absent when they do.
    package var problem: String?
    package var frontends: [Frontend]

    package init(lastSync: Timestamp?, problem: String?, frontends: [Frontend]) {
        self.lastSync = lastSync
        self.problem = problem
        self.frontends = frontends
    }

    /// One address and port at which a Service answers.
    package struct Frontend: Sendable, Hashable, Codable {
        package var namespace: String
        package var service: String
        /// The Service port's name; empty when it has none.
        package var portName: String
        /// `ClusterIP`, `NodePort`, `ExternalIP` or `LoadBalancer`.
        package var kind: String
        /// `TCP` or `UDP`.
        package var `protocol`: String
        /// Empty for a NodePort, which answers on the node's addresses.
        package var address: String
        package var port: Int
        /// `address:port`.
        package var endpoints: [String]

        package init(
            namespace: String, service: String, portName: String, kind: String, protocol: String, address: String, port: Int, endpoints: [String]
        ) {
            self.namespace = namespace
            self.service = service
            self.portName = portName
            self.kind = kind
            self.protocol = `protocol`
            self.address = address
            self.port = port
            self.endpoints = endpoints
        }
    }
}
