/// `core/v1 PodSpec`, the part that a node acts upon.
package struct PodSpec: Sendable, Hashable, Codable {
    package var nodeName: String?
    package var containers: [Container]
    package var initContainers: [Container]?
    package var ephemeralContainers: [Container]?
    package var volumes: [Volume]?
    package var restartPolicy: RestartPolicy?
    /// Seconds between SIGTERM and SIGKILL; 30 when absent.
    package var terminationGracePeriodSeconds: Int64?
    package var activeDeadlineSeconds: Int64?
    package var dnsPolicy: DNSPolicy?
    package var dnsConfig: PodDNSConfig?
    package var nodeSelector: [String: String]?
    package var serviceAccountName: String?
    package var automountServiceAccountToken: Bool?
    package var hostNetwork: Bool?
    package var hostPID: Bool?
    package var hostIPC: Bool?
    package var hostUsers: Bool?
    package var shareProcessNamespace: Bool?
    package var securityContext: PodSecurityContext?
    package var imagePullSecrets: [LocalObjectReference]?
    package var hostname: String?
    package var subdomain: String?
    package var setHostnameAsFQDN: Bool?
    package var hostnameOverride: String?
    package var affinity: Affinity?
    package var schedulerName: String?
    package var tolerations: [Toleration]?
    package var hostAliases: [HostAlias]?
    package var priority: Int?
    package var priorityClassName: String?
    package var preemptionPolicy: String?
    package var runtimeClassName: String?
    package var enableServiceLinks: Bool?
    package var readinessGates: [ReadinessGate]?
    package var overhead: [String: Quantity]?
    package var os: PodOS?
    package var resources: ResourceRequirements?
    package var resourceClaims: [PodResourceClaim]?

    package init(containers: [Container]) {
        self.containers = containers
    }
}

package enum RestartPolicy: String, Sendable, Hashable, Codable {
    case always = "Always"
    case onFailure = "OnFailure"
    case never = "Never"
}

package enum DNSPolicy: String, Sendable, Hashable, Codable {
    case clusterFirst = "ClusterFirst"
    case clusterFirstWithHostNet = "ClusterFirstWithHostNet"
    case `default` = "Default"
    case none = "None"
}

package struct PodDNSConfig: Sendable, Hashable, Codable {
    package struct Option: Sendable, Hashable, Codable {
        package var name: String?
        package var value: String?
    }

    package var nameservers: [String]?
    package var searches: [String]?
    package var options: [Option]?
}

package struct HostAlias: Sendable, Hashable, Codable {
    package var ip: String
    package var hostnames: [String]?
}

package struct LocalObjectReference: Sendable, Hashable, Codable {
    package var name: String?

    package init(name: String?) {
        self.name = name
    }
}

package struct ReadinessGate: Sendable, Hashable, Codable {
    package var conditionType: String
}

package struct PodOS: Sendable, Hashable, Codable {
    package var name: String
}

/// `core/v1 Toleration`.
package struct Toleration: Sendable, Hashable, Codable {
    package var key: String?
    /// `Exists` or `Equal` (the default).
    package var `operator`: String?
    package var value: String?
    package var effect: String?
    package var tolerationSeconds: Int64?
}

/// `core/v1 Affinity`, of which a node checks only its own part at admission.
package struct Affinity: Sendable, Hashable, Codable {
    package var nodeAffinity: NodeAffinity?
}

package struct NodeAffinity: Sendable, Hashable, Codable {
    package var requiredDuringSchedulingIgnoredDuringExecution: NodeSelector?
}

package struct NodeSelector: Sendable, Hashable, Codable {
    package struct Term: Sendable, Hashable, Codable {
        package var matchExpressions: [Requirement]?
        package var matchFields: [Requirement]?
    }

    package struct Requirement: Sendable, Hashable, Codable {
        package var key: String
        /// `In`, `NotIn`, `Exists`, `DoesNotExist`, `Gt` or `Lt`.
        package var `operator`: String
        package var values: [String]?
    }

    package var nodeSelectorTerms: [Term]
}
