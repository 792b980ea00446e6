/// A Secret. One that is deleted and made again has another `uid`.
package struct SecretIdentity: Sendable, Hashable, Codable {
    package let uid: String
    package let namespace: String
    package let name: String

    package init(uid: String, namespace: String, name: String) {
        self.uid = uid
        self.namespace = namespace
        self.name = name
    }
}
