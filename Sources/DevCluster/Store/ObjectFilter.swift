import KubeModel

/// The objects of a resource that a list or a watch selects.
struct ObjectFilter: Sendable {
    /// Empty: all namespaces.
    var namespace = ""
    var labels = LabelMatcher.everything
    var fields = FieldMatcher.everything

    func matches(_ object: JSONValue, _ type: ResourceType) -> Bool {
        if !namespace.isEmpty, type.isNamespaced, object.namespace != namespace { return false }
        return fields.matches { type.field($0, of: object) } && labels.matches(object: object)
    }
}

extension ResourceType {
    func validate(_ fields: FieldMatcher) throws {
        for term in fields.terms
        where term.path != "metadata.name" && !(isNamespaced && term.path == "metadata.namespace") && !selectableFields.contains(term.path) {
            throw APIError.badRequest("field label not supported: \(term.path)")
        }
    }

    /// The value of a selectable field as text.
    func field(_ path: String, of object: JSONValue) -> String? {
        switch path {
        case "metadata.name": return object.name
        case "metadata.namespace": return object.namespace
        case "spec.unschedulable": return object["spec", "unschedulable"]?.bool == true ? "true" : "false"
        case "spec.hostNetwork": return object["spec", "hostNetwork"]?.bool == true ? "true" : "false"
        case "source": return object["source", "component"]?.string ?? object["reportingComponent"]?.string
        default: return object[path.split(separator: ".").map(String.init)]?.string
        }
    }
}
