import KubeModel

/// The rules for the metadata of every object.
enum MetadataRules {
    static func validate(_ object: JSONValue, _ type: ResourceType, _ errors: inout FieldErrors) {
        let name = object.name
        if name.isEmpty {
            errors.required("metadata.name", "name or generateName is required")
        } else {
            switch type {
            case .services:
                if !NameRules.isServiceLabel(name) {
                    errors.invalid(
                        "metadata.name", .string(name),
                        "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character"
                    )
                }
            case .namespaces:
                if !NameRules.isLabel(name) {
                    errors.invalid(
                        "metadata.name", .string(name),
                        "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character"
                    )
                }
            case .certificateSigningRequests:
                if !NameRules.isPathSegment(name) { errors.invalid("metadata.name", .string(name), "may not be '.', '..' or contain '/' or '%'") }
            default:
                if !NameRules.isSubdomain(name) {
                    errors.invalid(
                        "metadata.name", .string(name),
                        "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character"
                    )
                }
            }
        }
        for (key, value) in object["metadata", "labels"]?.object ?? [:] {
            if !NameRules.isQualifiedName(key) {
                errors.invalid(
                    "metadata.labels", .string(key),
                    "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character")
            }
            guard let text = value.string, NameRules.isLabelValue(text) else {
                errors.invalid(
                    "metadata.labels", value,
                    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character"
                )
                continue
            }
        }
        for (key, value) in object["metadata", "annotations"]?.object ?? [:] {
            if !NameRules.isQualifiedName(key.lowercased()) { errors.invalid("metadata.annotations", .string(key), "is not a qualified name") }
            if value.string == nil { errors.invalid("metadata.annotations", value, "must be a string") }
        }
    }

    /// Fields that the server owns: an update cannot change them.
    static let serverOwned = [
        "uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "generation", "name", "namespace", "resourceVersion",
    ]

    /// Fields that a client may not set on creation.
    static func strip(_ object: inout JSONValue) {
        for field in [
            "uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "generation", "resourceVersion", "selfLink",
            "managedFields",
        ] {
            object["metadata", field] = nil
        }
    }
}
