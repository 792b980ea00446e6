package import KubeModel

extension Pod {
    /// Throws if the pod claims devices. This node has no DRA driver that could prepare them, and without its devices a pod must not start.
    ///
    /// A claim for which the control plane reports that no object is needed asks for nothing.
    package func checkDeviceClaims() throws(PlanFailure) {
        let needless = (status?.resourceClaimStatuses ?? []).filter { $0.resourceClaimName == nil }.map(\.name)
        var claims = (spec.resourceClaims ?? []).filter { $0.resourceClaimName != nil || !needless.contains($0.name) }.map { claim in
            let made = status?.resourceClaimStatuses?.first { $0.name == claim.name }?.resourceClaimName
            return claim.resourceClaimName ?? made ?? "of the template \(claim.resourceClaimTemplateName ?? claim.name)"
        }
        if let extended = status?.extendedResourceClaimStatus { claims.append(extended.resourceClaimName) }
        guard !claims.isEmpty else { return }
        throw PlanFailure(
            "prepare dynamic resources: this node runs no DRA drivers, found the ResourceClaims: \(claims.joined(separator: ", ")); "
                + "run the pod on a node with their driver, or remove spec.resourceClaims")
    }
}
