/// The three kinds of documents in a configuration file.
enum DocumentKind: String, CaseIterable, Sendable {
    case kubelet = "kubelet.config.k8s.io/v1beta1 KubeletConfiguration"
    case proxy = "kubeproxy.config.k8s.io/v1alpha1 KubeProxyConfiguration"
    case swiftlet = "swiftlet.dev/v1alpha1 SwiftletConfiguration"

    init(of node: ConfigurationNode) throws {
        guard case .mapping = node else {
            throw ConfigurationError(.wrongType, place: node.place, reason: "found \(node.kindName), wanted a mapping with apiVersion and kind")
        }
        func text(_ key: String) -> String {
            if case .scalar(let text, _, _)? = node.member(key) { text } else { "" }
        }
        let found = "\(text("apiVersion")) \(text("kind"))"
        guard let kind = DocumentKind(rawValue: found) else {
            throw ConfigurationError(
                .unknownDocument, place: node.place,
                reason: "found apiVersion and kind '\(found)', wanted one of: \(Self.allCases.map(\.rawValue).joined(separator: "; "))")
        }
        self = kind
    }
}
