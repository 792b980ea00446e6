package import KubeModel

/// Builds the path and query of API calls. Every part is percent-encoded, so a name can never change the path.
package enum APIPath {
    /// `/api/v1/namespaces/default/pods/web/status`
    package static func path(_ resource: ResourceKind, namespace: String? = nil, name: String? = nil, subresource: String? = nil) -> String {
        var path = resource.root
        if resource.isNamespaced, let namespace, !namespace.isEmpty { path += "/namespaces/" + encoded(namespace) }
        path += "/" + resource.plural
        if let name { path += "/" + encoded(name) }
        if let subresource { path += "/" + subresource }
        return path
    }

    static func query(_ items: [(String, String)]) -> String {
        items.isEmpty ? "" : "?" + items.map { encoded($0.0) + "=" + encoded($0.1) }.joined(separator: "&")
    }

    private static func encoded(_ text: String) -> String {
        // "." and ".." would be read as steps in the path.
        if text == "." || text == ".." { return text.map { _ in "%2E" }.joined() }
        return PercentCoding.encode(text)
    }
}
