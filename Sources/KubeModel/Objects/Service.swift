/// A Service as the proxy reads it.
package struct Service: KubeObject, Hashable {
    package static let resource = ResourceKind(plural: "services", kind: "Service")

    package var metadata: ObjectMeta
    package var spec: ServiceSpec?
    package var status: ServiceStatus?

    package init(metadata: ObjectMeta, spec: ServiceSpec) {
        self.metadata = metadata
        self.spec = spec
    }
}

/// `core/v1 ServiceSpec`.
package struct ServiceSpec: Sendable, Hashable, Codable {
    package struct SessionAffinityConfig: Sendable, Hashable, Codable {
        package struct ClientIP: Sendable, Hashable, Codable {
            package var timeoutSeconds: Int?
        }

        package var clientIP: ClientIP?
    }

    package var type: String?
    package var clusterIP: String?
    package var clusterIPs: [String]?
    package var externalIPs: [String]?
    package var externalName: String?
    package var ports: [ServicePort]?
    package var selector: [String: String]?
    package var sessionAffinity: String?
    package var sessionAffinityConfig: SessionAffinityConfig?
    package var internalTrafficPolicy: String?
    package var externalTrafficPolicy: String?
    package var healthCheckNodePort: Int?
    package var loadBalancerSourceRanges: [String]?
    package var ipFamilies: [String]?
    package var publishNotReadyAddresses: Bool?
    package var trafficDistribution: String?

    package init(type: String? = nil, clusterIPs: [String] = [], ports: [ServicePort] = []) {
        self.type = type
        self.clusterIP = clusterIPs.first
        self.clusterIPs = clusterIPs
        self.ports = ports
    }
}

package struct ServicePort: Sendable, Hashable, Codable {
    package var name: String?
    package var `protocol`: String?
    package var appProtocol: String?
    package var port: Int
    package var targetPort: IntOrString?
    package var nodePort: Int?

    package init(name: String? = nil, protocol: String? = nil, port: Int, targetPort: IntOrString? = nil, nodePort: Int? = nil) {
        self.name = name
        self.protocol = `protocol`
        self.port = port
        self.targetPort = targetPort
        self.nodePort = nodePort
    }
}

package struct ServiceStatus: Sendable, Hashable, Codable {
    package struct LoadBalancer: Sendable, Hashable, Codable {
        package struct Ingress: Sendable, Hashable, Codable {
            package var ip: String?
            package var hostname: String?
            package var ipMode: String?

            package init(ip: String? = nil, hostname: String? = nil, ipMode: String? = nil) {
                self.ip = ip
                self.hostname = hostname
                self.ipMode = ipMode
            }
        }

        package var ingress: [Ingress]?

        package init(ingress: [Ingress]? = nil) { self.ingress = ingress }
    }

    package var loadBalancer: LoadBalancer?

    package init(loadBalancer: LoadBalancer? = nil) { self.loadBalancer = loadBalancer }
}

extension ServiceSpec.SessionAffinityConfig {
    package init(timeoutSeconds: Int) { self.init(clientIP: ClientIP(timeoutSeconds: timeoutSeconds)) }
}
