/// The objects of a resource that a list or a watch covers.
package struct ObjectScope: Sendable, Hashable {
    /// Nil means all namespaces.
    package var namespace: String?
    /// `spec.nodeName=node-1`
    package var fieldSelector: String?
    /// `app=web,tier!=cache`
    package var labelSelector: String?

    package init(namespace: String? = nil, fieldSelector: String? = nil, labelSelector: String? = nil) {
        self.namespace = namespace
        self.fieldSelector = fieldSelector
        self.labelSelector = labelSelector
    }

    package static let everything = ObjectScope()

    var query: [(String, String)] {
        var query: [(String, String)] = []
        if let fieldSelector { query.append(("fieldSelector", fieldSelector)) }
        if let labelSelector { query.append(("labelSelector", labelSelector)) }
        return query
    }
}
