/// `discovery.k8s.io/v1 EndpointSlice`.
package struct EndpointSlice: KubeObject, Hashable {
    package static let resource = ResourceKind(group: "discovery.k8s.io", plural: "endpointslices", kind: "EndpointSlice")

    package struct Endpoint: Sendable, Hashable, Codable {
        package struct Conditions: Sendable, Hashable, Codable {
            package var ready: Bool?
            package var serving: Bool?
            package var terminating: Bool?

            package init(ready: Bool? = nil, serving: Bool? = nil, terminating: Bool? = nil) {
                self.ready = ready
                self.serving = serving
                self.terminating = terminating
            }
        }

        /// The nodes and zones whose clients the endpoint is meant for.
        package struct Hints: Sendable, Hashable, Codable {
            package struct Name: Sendable, Hashable, Codable {
                package var name: String

                package init(_ name: String) { self.name = name }
            }

            package var forZones: [Name]?
            package var forNodes: [Name]?

            package init(zones: [String] = [], nodes: [String] = []) {
                forZones = zones.map { Name($0) }
                forNodes = nodes.map { Name($0) }
            }
        }

        package var addresses: [String]
        package var conditions: Conditions?
        package var hostname: String?
        package var nodeName: String?
        package var zone: String?
        package var hints: Hints?

        package init(addresses: [String], conditions: Conditions? = nil, nodeName: String? = nil, hints: Hints? = nil) {
            self.addresses = addresses
            self.conditions = conditions
            self.nodeName = nodeName
            self.hints = hints
        }
    }

    package struct Port: Sendable, Hashable, Codable {
        package var name: String?
        package var `protocol`: String?
        package var port: Int?
        package var appProtocol: String?

        package init(name: String? = nil, protocol: String? = nil, port: Int?) {
            self.name = name
            self.protocol = `protocol`
            self.port = port
        }
    }

    package var metadata: ObjectMeta
    /// `IPv4`, `IPv6` or `FQDN`.
    package var addressType: String
    /// `null` in the API when there is none.
    package var endpoints: [Endpoint]?
    package var ports: [Port]?

    package init(metadata: ObjectMeta, addressType: String, endpoints: [Endpoint], ports: [Port]) {
        self.metadata = metadata
        self.addressType = addressType
        self.endpoints = endpoints
        self.ports = ports
    }
}
