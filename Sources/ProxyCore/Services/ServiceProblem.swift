/// A part of a Service that is not served, for a person.
package struct ServiceProblem: Sendable, Hashable, CustomStringConvertible {
    package let namespace: String
    package let name: String
    package let text: String
    /// The Service's.
    package let uid: String?

    package init(namespace: String, name: String, text: String, uid: String? = nil) {
        self.namespace = namespace
        self.name = name
        self.text = text
        self.uid = uid
    }

    package var description: String { "service \(namespace)/\(name): \(text)" }
}
