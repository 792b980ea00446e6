/// `core/v1 PodStatus`.
package struct PodStatus: Sendable, Hashable, Codable {
    package var observedGeneration: Int64?
    package var phase: PodPhase?
    package var conditions: [PodCondition]?
    package var message: String?
    package var reason: String?
    package var nominatedNodeName: String?
    package var hostIP: String?
    package var hostIPs: [AddressEntry]?
    package var podIP: String?
    package var podIPs: [AddressEntry]?
    package var startTime: Timestamp?
    package var initContainerStatuses: [ContainerStatus]?
    package var containerStatuses: [ContainerStatus]?
    package var ephemeralContainerStatuses: [ContainerStatus]?
    package var qosClass: QoSClass?
    /// The resources that the node has set aside for the pod as a whole.
    package var allocatedResources: [String: Quantity]?
    package var resources: ResourceRequirements?
    /// Of the control plane; a node only reads it.
    package var resourceClaimStatuses: [PodResourceClaimStatus]?
    /// Of the scheduler; a node only reads it.
    package var extendedResourceClaimStatus: PodExtendedResourceClaimStatus?

    package init(phase: PodPhase? = nil) {
        self.phase = phase
    }
}

package enum PodPhase: String, Sendable, Hashable, Codable {
    case pending = "Pending"
    case running = "Running"
    case succeeded = "Succeeded"
    case failed = "Failed"
    case unknown = "Unknown"

    /// Succeeded or Failed: the pod will not run again.
    package var isTerminal: Bool { self == .succeeded || self == .failed }
}

package enum QoSClass: String, Sendable, Hashable, Codable {
    case guaranteed = "Guaranteed"
    case burstable = "Burstable"
    case bestEffort = "BestEffort"
}

/// An element of `podIPs` and `hostIPs`.
package struct AddressEntry: Sendable, Hashable, Codable {
    package var ip: String

    package init(ip: String) {
        self.ip = ip
    }
}

/// `core/v1 PodCondition`.
package struct PodCondition: Sendable, Hashable, Codable {
    package var type: String
    package var observedGeneration: Int64?
    /// `True`, `False` or `Unknown`.
    package var status: String
    package var lastProbeTime: Timestamp?
    package var lastTransitionTime: Timestamp?
    package var reason: String?
    package var message: String?

    package init(type: String, status: Bool, reason: String? = nil, message: String? = nil, observedGeneration: Int64? = nil) {
        self.type = type
        self.observedGeneration = observedGeneration
        self.status = status ? "True" : "False"
        self.reason = reason
        self.message = message
    }
}

extension PodStatus {
    /// The statuses of init containers, regular ones and ephemeral ones, in this order.
    package var allContainerStatuses: [ContainerStatus] {
        (initContainerStatuses ?? []) + (containerStatuses ?? []) + (ephemeralContainerStatuses ?? [])
    }
}
