package struct ConfigMap: KubeObject, Hashable {
    package static let resource = ResourceKind(plural: "configmaps", kind: "ConfigMap")

    package var metadata: ObjectMeta
    package var data: [String: String]?
    /// Base64 text, as on the wire.
    package var binaryData: [String: String]?
    package var immutable: Bool?
}
