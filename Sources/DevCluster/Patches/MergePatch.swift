package import KubeModel

/// RFC 7386: members replace members, null removes, arrays are replaced as a whole.
package enum MergePatch {
    package static func apply(_ patch: JSONValue, to target: JSONValue) -> JSONValue {
        guard case .object(let changes) = patch else { return patch }
        var members = target.object ?? [:]
        for (key, change) in changes {
            members[key] = change.isNull ? nil : apply(change, to: members[key] ?? .null)
        }
        return .object(members)
    }
}
