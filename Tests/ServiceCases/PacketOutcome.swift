/// The fate of a connection's first packet.
package enum PacketOutcome: Sendable, Hashable, CustomStringConvertible {
    /// To this endpoint, with the client's address or the node's.
    case led(to: String, masqueraded: Bool)
    /// Not translated and not stopped.
    case passed
    case refused
    case dropped
    /// Found where packets are sent, never wanted.
    case other(String)

    package var description: String {
        switch self {
        case .led(let target, let masqueraded): target + (masqueraded ? " masqueraded" : "")
        case .passed: "passed"
        case .refused: "refused"
        case .dropped: "dropped"
        case .other(let text): text
        }
    }
}
