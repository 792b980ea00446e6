/// The Secret that a registry credential is from, or the service account that it was given for. Made anew under its name, it has another `uid`.
package struct CredentialOwner: Sendable, Hashable, Codable {
    package let uid: String
    package let namespace: String
    package let name: String

    package init(uid: String, namespace: String, name: String) {
        self.uid = uid
        self.namespace = namespace
        self.name = name
    }
}
