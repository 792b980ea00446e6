/// The latest that happened to an object since a consumer last looked.
package enum ObjectChange<Object: Sendable>: Sendable {
    /// It is there and this is its newest state. It may have been deleted and created again in between: compare the uid.
    case stored(Object)
    /// It is gone; this is the last state that was seen.
    case deleted(Object)

    package var object: Object {
        switch self {
        case .stored(let object), .deleted(let object): object
        }
    }
}
