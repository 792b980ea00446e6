/// Which connections a call may use. A call never waits for a connection of another lane.
enum HTTPLane: Sendable, Hashable {
    case calls
    /// The node's lease: a full queue or a stuck connection elsewhere must not cost the node its heartbeat.
    case lease
    case watches
}
