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

    /// Percent-encodes all but the unreserved characters of RFC 3986.
    static func encoded(_ text: String) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var result: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"):
                result.append(byte)
            default:
                result += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        // "." and ".." would be read as steps in the path.
        if text == "." || text == ".." { return result.map { _ in "%2E" }.joined() }
        return String(decoding: result, as: UTF8.self)
    }
}
