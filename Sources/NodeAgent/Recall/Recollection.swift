/// The answer of the node's memory about an object.
enum Recollection<Object: Sendable>: Sendable {
    /// The memory has no record of it, or a record that cannot be read.
    case unknown
    /// The API server had no such object.
    case absent
    case known(Object)
}
