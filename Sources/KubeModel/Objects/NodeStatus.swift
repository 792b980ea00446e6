/// `core/v1 NodeStatus`.
package struct NodeStatus: Sendable, Hashable, Codable {
    package var capacity: [String: Quantity]?
    package var allocatable: [String: Quantity]?
    package var conditions: [NodeCondition]?
    package var addresses: [NodeAddress]?
    package var daemonEndpoints: DaemonEndpoints?
    package var nodeInfo: NodeSystemInfo?
    package var images: [ContainerImage]?
    package var runtimeHandlers: [RuntimeHandler]?
    package var features: NodeFeatures?
    package var declaredFeatures: [String]?
    package var volumesInUse: [String]?

    package init() {}

    /// The addresses by which other nodes reach this one.
    package var internalIPs: [String] { (addresses ?? []).filter { $0.type == "InternalIP" }.map(\.address) }
}

/// `core/v1 NodeCondition`.
package struct NodeCondition: Sendable, Hashable, Codable {
    package var type: String
    package var status: String
    package var lastHeartbeatTime: Timestamp?
    package var lastTransitionTime: Timestamp?
    package var reason: String?
    package var message: String?

    package init(type: String, status: Bool, reason: String, message: String) {
        self.type = type
        self.status = status ? "True" : "False"
        self.reason = reason
        self.message = message
    }
}

package struct NodeAddress: Sendable, Hashable, Codable {
    package var type: String
    package var address: String

    package init(type: String, address: String) {
        self.type = type
        self.address = address
    }
}

package struct DaemonEndpoints: Sendable, Hashable, Codable {
    package struct Endpoint: Sendable, Hashable, Codable {
        package var port: Int

        private enum CodingKeys: String, CodingKey {
            /// Upper case on the wire, alone among Kubernetes' fields.
            case port = "Port"
        }
    }

    package var kubeletEndpoint: Endpoint?

    package init(port: Int) {
        kubeletEndpoint = Endpoint(port: port)
    }
}

package struct NodeSystemInfo: Sendable, Hashable, Codable {
    /// `core/v1 NodeSwapStatus`.
    package struct Swap: Sendable, Hashable, Codable {
        /// Bytes.
        package var capacity: Int64?
    }

    package var machineID: String
    package var systemUUID: String
    package var bootID: String
    package var kernelVersion: String
    package var osImage: String
    package var containerRuntimeVersion: String
    package var kubeletVersion: String
    /// Required by the API, and empty since Kubernetes 1.33.
    package var kubeProxyVersion: String
    package var operatingSystem: String
    package var architecture: String
    /// Absent on a machine without swap.
    package var swap: Swap?

    /// - Parameter swap: bytes; 0 without swap.
    package init(
        machineID: String, systemUUID: String, bootID: String, kernelVersion: String, osImage: String, containerRuntimeVersion: String,
        kubeletVersion: String, operatingSystem: String, architecture: String, swap: Int64 = 0
    ) {
        self.machineID = machineID
        self.systemUUID = systemUUID
        self.bootID = bootID
        self.kernelVersion = kernelVersion
        self.osImage = osImage
        self.containerRuntimeVersion = containerRuntimeVersion
        self.kubeletVersion = kubeletVersion
        self.kubeProxyVersion = ""
        self.operatingSystem = operatingSystem
        self.architecture = architecture
        self.swap = swap > 0 ? Swap(capacity: swap) : nil
    }
}

package struct ContainerImage: Sendable, Hashable, Codable {
    package var names: [String]
    package var sizeBytes: Int64

    package init(names: [String], sizeBytes: Int64) {
        self.names = names
        self.sizeBytes = sizeBytes
    }
}

package struct RuntimeHandler: Sendable, Hashable, Codable {
    package struct Features: Sendable, Hashable, Codable {
        package var recursiveReadOnlyMounts: Bool?
        package var userNamespaces: Bool?

        package init(recursiveReadOnlyMounts: Bool, userNamespaces: Bool) {
            self.recursiveReadOnlyMounts = recursiveReadOnlyMounts
            self.userNamespaces = userNamespaces
        }
    }

    package var name: String
    package var features: Features?

    package init(name: String, features: Features) {
        self.name = name
        self.features = features
    }
}

package struct NodeFeatures: Sendable, Hashable, Codable {
    package var supplementalGroupsPolicy: Bool?

    package init(supplementalGroupsPolicy: Bool) {
        self.supplementalGroupsPolicy = supplementalGroupsPolicy
    }
}
