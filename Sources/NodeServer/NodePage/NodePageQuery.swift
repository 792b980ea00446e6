import HTTPTypes

/// The filters of the node page's document: `?pods=TEXT&services=TEXT`.
package struct NodePageQuery: Sendable, Hashable {
    /// Names of namespaces and objects have 253 characters at most.
    private static let longest = 512

    /// In lower case, as all names are; empty for every pod.
    package let pods: String
    package let services: String

    package init(_ target: RequestTarget) throws(Refusal) {
        pods = try Self.text("pods", of: target)
        services = try Self.text("services", of: target)
    }

    private static func text(_ name: String, of target: RequestTarget) throws(Refusal) -> String {
        let text = target.value(name) ?? ""
        guard text.utf8.count <= longest else {
            throw Refusal(.badRequest, "the filter \(name) has \(text.utf8.count) bytes, wanted \(longest) at most\n")
        }
        return text.lowercased()
    }
}
