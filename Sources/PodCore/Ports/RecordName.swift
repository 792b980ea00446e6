/// The name of a record in the node's memory: its kind, and its place among the records of this kind.
package struct RecordName: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// The raw value is the kind's folder.
    package enum Kind: String, Sendable, Hashable, CaseIterable {
        case pod = "pods"
        case eviction = "evictions"
        case configMap = "objects/configmaps"
        case secret = "objects/secrets"
        case claim = "objects/claims"
        case runtimeClass = "objects/runtimeclasses"
        case services = "objects/services"
        case token = "objects/tokens"
        case node = "objects/nodes"
    }

    package let kind: Kind
    /// Any texts: a store makes names of files of them.
    package let parts: [String]

    package init(_ kind: Kind, _ parts: String...) {
        self.kind = kind
        self.parts = parts
    }

    package init(_ kind: Kind, parts: [String]) {
        self.kind = kind
        self.parts = parts
    }

    package var description: String { ([kind.rawValue] + parts).joined(separator: "/") }

    package static func < (left: RecordName, right: RecordName) -> Bool { left.description < right.description }
}
