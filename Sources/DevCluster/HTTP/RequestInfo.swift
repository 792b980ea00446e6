import KubeModel

/// The meaning of a path and a method.
struct RequestInfo: Sendable {
    let verb: String
    let type: ResourceType?
    let namespace: String
    let name: String
    let subresource: String
    /// The path after `nodes/<name>/proxy`.
    let rest: String
    /// Group and plural as written, for messages about what is not served.
    let group: String
    let plural: String

    /// Nil when the path is not one of a resource.
    init?(method: String, path: String, query: QueryItems) {
        var parts = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst().map { PercentCoding.decodeLeniently($0) }
        if parts.last == "" { parts.removeLast() }
        switch parts.first {
        case "api" where parts.count >= 3 && parts[1] == "v1":
            group = ""
            parts.removeFirst(2)
        case "apis" where parts.count >= 4:
            group = parts[1]
            guard parts[2] == "v1" else { return nil }
            parts.removeFirst(3)
        default: return nil
        }
        if group.isEmpty, parts[0] == "namespaces", parts.count >= 3, !["status", "finalize"].contains(parts[2]) {
            namespace = parts[1]
            parts.removeFirst(2)
        } else if !group.isEmpty, parts[0] == "namespaces", parts.count >= 3 {
            namespace = parts[1]
            parts.removeFirst(2)
        } else {
            namespace = ""
        }
        plural = parts[0]
        name = parts.count > 1 ? parts[1] : ""
        subresource = parts.count > 2 ? parts[2] : ""
        rest = parts.dropFirst(3).joined(separator: "/")
        type = ResourceType.find(group: group, plural: plural)
        if !rest.isEmpty, subresource != "proxy" { return nil }
        switch method {
        case "GET", "HEAD":
            verb = name.isEmpty ? (query.isTrue("watch") ? "watch" : "list") : "get"
        case "POST": verb = "create"
        case "PUT": verb = "update"
        case "PATCH": verb = "patch"
        case "DELETE": verb = name.isEmpty ? "deletecollection" : "delete"
        default: return nil
        }
    }
}
