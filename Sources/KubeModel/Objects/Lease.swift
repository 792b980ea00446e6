/// `coordination.k8s.io/v1 Lease`: the node's heartbeat.
package struct Lease: KubeObject, Hashable {
    package static let resource = ResourceKind(group: "coordination.k8s.io", plural: "leases", kind: "Lease")

    package struct Spec: Sendable, Hashable, Codable {
        package var holderIdentity: String?
        package var leaseDurationSeconds: Int?
        package var renewTime: MicroTime?
        package var acquireTime: MicroTime?
        package var leaseTransitions: Int?
        package var strategy: String?
        package var preferredHolder: String?

        package init(holderIdentity: String, leaseDurationSeconds: Int, renewTime: MicroTime) {
            self.holderIdentity = holderIdentity
            self.leaseDurationSeconds = leaseDurationSeconds
            self.renewTime = renewTime
        }
    }

    package var apiVersion: String?
    package var kind: String?
    package var metadata: ObjectMeta
    package var spec: Spec?

    package init(metadata: ObjectMeta, spec: Spec) {
        self.apiVersion = Self.resource.apiVersion
        self.kind = Self.resource.kind
        self.metadata = metadata
        self.spec = spec
    }
}
