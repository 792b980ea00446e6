/// Devices that a pod needs before it starts (`core/v1 PodResourceClaim`).
package struct PodResourceClaim: Sendable, Hashable, Codable {
    package var name: String
    /// The claim object; absent where one is made from a template.
    package var resourceClaimName: String?
    package var resourceClaimTemplateName: String?

    package init(name: String, resourceClaimName: String? = nil, resourceClaimTemplateName: String? = nil) {
        self.name = name
        self.resourceClaimName = resourceClaimName
        self.resourceClaimTemplateName = resourceClaimTemplateName
    }
}

/// The claim object that the control plane has made from a template (`core/v1 PodResourceClaimStatus`).
package struct PodResourceClaimStatus: Sendable, Hashable, Codable {
    /// The name in `spec.resourceClaims`.
    package var name: String
    /// Absent where the pod needs no claim object.
    package var resourceClaimName: String?
}

/// The claim object behind a pod's extended resources (`core/v1 PodExtendedResourceClaimStatus`).
package struct PodExtendedResourceClaimStatus: Sendable, Hashable, Codable {
    package var resourceClaimName: String
}
