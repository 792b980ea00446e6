/// The name of a Service.
package struct ServiceKey: Sendable, Hashable, Comparable, CustomStringConvertible {
    package let namespace: String
    package let name: String

    package init(namespace: String, name: String) {
        self.namespace = namespace
        self.name = name
    }

    package static func < (left: ServiceKey, right: ServiceKey) -> Bool { (left.namespace, left.name) < (right.namespace, right.name) }

    /// `default/web`
    package var description: String { "\(namespace)/\(name)" }
}
