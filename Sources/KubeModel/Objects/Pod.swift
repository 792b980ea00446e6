/// A pod as the API server holds it.
package struct Pod: KubeObject, Hashable {
    package static let resource = ResourceKind(plural: "pods", kind: "Pod")

    package var apiVersion: String?
    package var kind: String?
    package var metadata: ObjectMeta
    package var spec: PodSpec
    package var status: PodStatus?

    package init(metadata: ObjectMeta, spec: PodSpec, status: PodStatus? = nil) {
        self.apiVersion = "v1"
        self.kind = "Pod"
        self.metadata = metadata
        self.spec = spec
        self.status = status
    }
}
