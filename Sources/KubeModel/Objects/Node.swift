/// A Node object.
package struct Node: KubeObject, Hashable {
    package static let resource = ResourceKind(plural: "nodes", kind: "Node", isNamespaced: false)

    package struct Spec: Sendable, Hashable, Codable {
        package var podCIDR: String?
        package var podCIDRs: [String]?
        package var providerID: String?
        package var unschedulable: Bool?
        package var taints: [Taint]?

        package init() {}
    }

    package var apiVersion: String?
    package var kind: String?
    package var metadata: ObjectMeta
    package var spec: Spec?
    package var status: NodeStatus?

    package init(metadata: ObjectMeta, spec: Spec = Spec(), status: NodeStatus? = nil) {
        self.apiVersion = "v1"
        self.kind = "Node"
        self.metadata = metadata
        self.spec = spec
        self.status = status
    }
}

package struct Taint: Sendable, Hashable, Codable {
    package var key: String
    package var value: String?
    package var effect: String
    package var timeAdded: Timestamp?

    package init(key: String, value: String?, effect: String) {
        self.key = key
        self.value = value
        self.effect = effect
    }
}
