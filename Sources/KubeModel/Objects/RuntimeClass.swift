/// `node.k8s.io/v1 RuntimeClass`: which runtime of a node pods of that class are run by.
package struct RuntimeClass: KubeObject, Hashable {
    package static let resource = ResourceKind(group: "node.k8s.io", plural: "runtimeclasses", kind: "RuntimeClass", isNamespaced: false)

    package var apiVersion: String?
    package var kind: String?
    package var metadata: ObjectMeta
    /// The node's own name for the runtime.
    package var handler: String

    package init(name: String, handler: String) {
        apiVersion = Self.resource.apiVersion
        kind = Self.resource.kind
        metadata = ObjectMeta(name: name)
        self.handler = handler
    }
}
