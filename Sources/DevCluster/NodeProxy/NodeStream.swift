import KubeModel

/// The subresources that take a connection over.
enum NodeStream: String, Sendable {
    case exec
    case attach
    case portforward

    /// The node's own path for it. The container goes into the path.
    func target(_ pod: JSONValue, _ query: QueryItems) throws -> String {
        let place = "\(pod.namespace)/\(pod.name)"
        var items: [(String, String)] = []
        if self == .portforward {
            items = query.items.filter { $0.name == "ports" || $0.name == "port" }.map { ("port", $0.value) }
            return Self.path("/portForward/\(place)", items)
        }
        let container = try PodContainer.name(in: pod, wanted: query["container"])
        // The API's stdin, stdout and stderr are called input, output and error on a node.
        for (name, node) in [("stdin", "input"), ("stdout", "output"), ("stderr", "error"), ("tty", "tty")] where query.isTrue(name) {
            items.append((node, "1"))
        }
        if self == .exec { items += query.items.filter { $0.name == "command" }.map { ("command", $0.value) } }
        return Self.path("/\(rawValue)/\(place)/\(container)", items)
    }

    private static func path(_ path: String, _ items: [(String, String)]) -> String {
        let query = items.map { "\($0.0)=\(PercentCoding.encode($0.1))" }.joined(separator: "&")
        return query.isEmpty ? path : "\(path)?\(query)"
    }
}
