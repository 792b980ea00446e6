import KubeModel

/// The action that a request needs permission for.
struct AccessAttributes: Sendable {
    var verb: String
    var isResource = true
    var path = ""
    var group = ""
    var resource = ""
    var subresource = ""
    var namespace = ""
    var name = ""
    /// The field selector of a list or watch, which narrows what a node may see.
    var fields = FieldMatcher.everything
}
