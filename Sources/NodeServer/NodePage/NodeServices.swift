package import KubeModel

/// The Services that the node makes reachable, for the node page.
package protocol NodeServices: Sendable {
    /// - Parameters:
    ///   - text: a part of `namespace/name`, or an address; empty for every Service.
    ///   - limit: how many of the Services found are returned, by namespace and name.
    func services(matching text: String, limit: Int) async -> ServiceList
}

/// Some of the Services that the node makes reachable.
package struct ServiceList: Sendable, Hashable {
    /// How many of a port's addresses and endpoints are given.
    package static let longestList = 6

    package struct Service: Sendable, Hashable {
        package let key: ObjectKey
        /// For each IP family.
        package let ports: [Port]

        package init(key: ObjectKey, ports: [Port]) {
            self.key = key
            self.ports = ports
        }
    }

    /// A port of a Service at the addresses of one IP family.
    package struct Port: Sendable, Hashable {
        /// `http TCP 80`
        package let name: String
        /// `ClusterIP 10.96.0.10:80`, `NodePort 30080`; the first of `addressCount`.
        package let addresses: [String]
        package let addressCount: Int
        /// `10.244.0.2:8080`; the first of `endpointCount`.
        package let endpoints: [String]
        package let endpointCount: Int

        package init(name: String, addresses: [String], addressCount: Int, endpoints: [String], endpointCount: Int) {
            self.name = name
            self.addresses = addresses
            self.addressCount = addressCount
            self.endpoints = endpoints
            self.endpointCount = endpointCount
        }
    }

    /// When the kernel's rules last agreed with the API; absent before the first time.
    package let lastSync: Timestamp?
    /// Why they do not agree now; absent when they do.
    package let problem: String?
    /// Services on this node, found or not.
    package let total: Int
    package let matching: Int
    package let first: [Service]

    package init(lastSync: Timestamp?, problem: String?, total: Int, matching: Int, first: [Service]) {
        self.lastSync = lastSync
        self.problem = problem
        self.total = total
        self.matching = matching
        self.first = first
    }
}
