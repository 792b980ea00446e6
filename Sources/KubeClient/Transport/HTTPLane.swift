/// Which connections a call may use. A call never waits for a connection of another lane.
enum HTTPLane: Sendable, Hashable {
    case calls
    /// The node's lease: a full queue or a stuck connection elsewhere must not cost the node its heartbeat.
    case lease
    /// Large and slow answers, many at once: they must not hold up a status or a token.
    case lists
    case events
    case watches
}
