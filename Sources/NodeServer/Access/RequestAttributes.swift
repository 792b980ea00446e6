package import KubeModel

/// The permissions on the Node object that allow a request.
package enum RequestAttributes {
    /// In the order in which they are tried; any one of them is enough.
    package static func attributes(method: String, segments: [String], nodeName: String) -> [SubjectAccessReview.ResourceAttributes] {
        let verb = verb(method: method, segments: segments)
        return subresources(segments).map {
            SubjectAccessReview.ResourceAttributes(verb: verb, version: "v1", resource: "nodes", subresource: $0, name: nodeName)
        }
    }

    /// Returns an empty verb for any other method. Only a role that grants every verb allows it.
    private static func verb(method: String, segments: [String]) -> String {
        switch segments.first {
        // A WebSocket starts with GET. If that meant `get`, a user who may only read through the node could also run programs in its
        // containers (kubernetes/kubernetes#136550); the API server's own identity holds every verb of nodes/proxy.
        case "exec", "attach", "run", "portForward": return "create"
        default: break
        }
        switch method {
        case "POST": return "create"
        case "GET": return "get"
        case "PUT": return "update"
        case "PATCH": return "patch"
        case "DELETE": return "delete"
        default: return ""
        }
    }

    private static func subresources(_ segments: [String]) -> [String] {
        switch segments.first {
        case "stats": ["stats"]
        case "metrics": ["metrics"]
        case "logs": ["log"]
        case "checkpoint": ["checkpoint"]
        case "statusz": ["statusz", "proxy"]
        case "pods", "runningpods": ["pods", "proxy"]
        case "healthz": ["healthz", "proxy"]
        case "configz": ["configz", "proxy"]
        default: ["proxy"]
        }
    }
}
