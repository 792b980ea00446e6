/// An event for the API server, about the pod or one of its containers.
package struct PodEventRecord: Sendable, Hashable {
    package enum Kind: String, Sendable, Hashable {
        case normal = "Normal"
        case warning = "Warning"
    }

    package let kind: Kind
    package let reason: String
    package let message: String
    /// The container, with its field in the spec; `nil` for the pod itself.
    package let fieldPath: String?

    package init(_ kind: Kind, _ reason: String, _ message: String, fieldPath: String? = nil) {
        self.kind = kind
        self.reason = reason
        self.message = message
        self.fieldPath = fieldPath
    }
}
