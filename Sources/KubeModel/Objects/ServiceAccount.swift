/// `v1 ServiceAccount`: the identity of pods in the API, as far as a node reads it.
package struct ServiceAccount: KubeObject, Hashable {
    package static let resource = ResourceKind(plural: "serviceaccounts", kind: "ServiceAccount")

    package var apiVersion: String?
    package var kind: String?
    package var metadata: ObjectMeta
}
