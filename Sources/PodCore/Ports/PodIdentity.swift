/// The names of a pod outside the API: in folders, records, logs and events.
package struct PodIdentity: Sendable, Hashable, Codable {
    package let namespace: String
    package let name: String
    package let uid: String

    package init(namespace: String, name: String, uid: String) {
        self.namespace = namespace
        self.name = name
        self.uid = uid
    }
}

extension PodIdentity: CustomStringConvertible {
    /// `namespace/name`, as operators write it.
    package var description: String { "\(namespace)/\(name)" }
}
