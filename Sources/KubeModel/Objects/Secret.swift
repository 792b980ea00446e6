/// A Secret. Its description never shows the data.
package struct Secret: KubeObject, Hashable, CustomStringConvertible, CustomDebugStringConvertible {
    package static let resource = ResourceKind(plural: "secrets", kind: "Secret")

    package var metadata: ObjectMeta
    package var type: String?
    /// Base64 text, as on the wire.
    package var data: [String: String]?
    package var immutable: Bool?

    package var description: String { "Secret \(key) (\(data?.count ?? 0) keys, redacted)" }
    package var debugDescription: String { description }
}
