package import KubeModel

extension Pod {
    /// The pod as kubelet's messages name it: `name_namespace(uid)`.
    package var messageName: String { "\(name)_\(namespace)(\(uid))" }
}
