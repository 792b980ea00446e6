import KubeModel

/// One change of one object.
struct StoreEvent: Sendable {
    enum Kind: String, Sendable {
        case added = "ADDED"
        case modified = "MODIFIED"
        case deleted = "DELETED"
    }

    let kind: Kind
    let type: ResourceType
    /// The object after the change; for a deletion the last state with the revision of the deletion.
    let object: JSONValue
    /// The object before the change; nil for an addition.
    let previous: JSONValue?
    let revision: Int64
}

/// An item that a watch delivers.
enum WatchItem: Sendable {
    case event(StoreEvent.Kind, JSONValue)
    /// The client has seen everything up to this revision. `endsInitialEvents` marks the end of the synthetic additions.
    case bookmark(revision: Int64, endsInitialEvents: Bool)
    /// Time for a bookmark: the reader asks the store for one, which then stands behind all earlier changes.
    case tick
}
