/// An object of the Kubernetes API as its own type: what is needed to build its URL and to key it in a store.
package protocol KubeObject: Codable, Sendable {
    static var resource: ResourceKind { get }
    var metadata: ObjectMeta { get set }
}

extension KubeObject {
    /// The object's name; empty when the API server has not given it one yet.
    package var name: String { metadata.name ?? "" }
    /// The object's namespace; empty for cluster-scoped objects.
    package var namespace: String { metadata.namespace ?? "" }
    package var uid: String { metadata.uid ?? "" }
    package var key: ObjectKey {
        let metadata = metadata
        return ObjectKey(namespace: metadata.namespace ?? "", name: metadata.name ?? "")
    }
}

/// Group, version, plural name and kind of an API resource.
package struct ResourceKind: Sendable, Hashable {
    /// Empty for the core group.
    package let group: String
    package let version: String
    package let plural: String
    package let kind: String
    package let isNamespaced: Bool

    package init(group: String = "", version: String = "v1", plural: String, kind: String, isNamespaced: Bool = true) {
        self.group = group
        self.version = version
        self.plural = plural
        self.kind = kind
        self.isNamespaced = isNamespaced
    }

    package var apiVersion: String { group.isEmpty ? version : "\(group)/\(version)" }

    /// `/api/v1` or `/apis/<group>/<version>`.
    package var root: String { group.isEmpty ? "/api/\(version)" : "/apis/\(group)/\(version)" }
}

/// Namespace and name: what identifies an object of one resource at one time.
package struct ObjectKey: Sendable, Hashable, Comparable, CustomStringConvertible {
    package let namespace: String
    package let name: String

    package init(namespace: String, name: String) {
        self.namespace = namespace
        self.name = name
    }

    package var description: String { namespace.isEmpty ? name : "\(namespace)/\(name)" }

    package static func < (lhs: ObjectKey, rhs: ObjectKey) -> Bool {
        (lhs.namespace, lhs.name) < (rhs.namespace, rhs.name)
    }
}

/// A list answer: `PodList`, `ServiceList` and so on.
package struct ObjectList<Item: Codable & Sendable>: Codable, Sendable {
    package struct Metadata: Codable, Sendable {
        package var resourceVersion: String?
        package var `continue`: String?
        package var remainingItemCount: Int64?

        package init(resourceVersion: String? = nil) {
            self.resourceVersion = resourceVersion
        }
    }

    package var kind: String?
    package var apiVersion: String?
    package var metadata: Metadata
    package var items: [Item]

    package init(kind: String? = nil, apiVersion: String? = nil, metadata: Metadata = Metadata(), items: [Item]) {
        self.kind = kind
        self.apiVersion = apiVersion
        self.metadata = metadata
        self.items = items
    }
}
