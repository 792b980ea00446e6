/// `networking.k8s.io/v1 ServiceCIDR`: ranges that ClusterIPs are taken from.
package struct ServiceCIDR: KubeObject, Hashable {
    package static let resource = ResourceKind(group: "networking.k8s.io", plural: "servicecidrs", kind: "ServiceCIDR")

    package struct Spec: Sendable, Hashable, Codable {
        package var cidrs: [String]?
    }

    package var metadata: ObjectMeta
    package var spec: Spec?

    package init(metadata: ObjectMeta, cidrs: [String]) {
        self.metadata = metadata
        spec = Spec(cidrs: cidrs)
    }
}
