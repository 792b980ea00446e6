package import Addresses

/// Flows that follow earlier rules: connection tracking remembers the target of a flow for as long as its client keeps sending, whatever the
/// rules say by then. A TCP connection ends by itself when its endpoint does; what begins one is sent again and again, too.
package enum StaleFlows: Sendable, Hashable {
    /// Flows to one of these frontends that none of its endpoints answers. A frontend with the unspecified address stands for every address; of flows
    /// to it only translated and unanswered ones count, since others may be about another host's port.
    case answeredElsewhere([Frontend: Set<Endpoint.Target>])
    /// Flows to one of these frontends from before its rules: neither translated nor answered. An answered one belongs to a program of the node, or
    /// to another host.
    case untranslated(Set<Frontend>)
    /// Flows that a port of one of these frontends has led to its target.
    case leading([Frontend: Endpoint.Target])

    /// The protocols of such flows.
    package var transports: Set<TransportProtocol> {
        switch self {
        case .answeredElsewhere(let wanted): Set(wanted.keys.map(\.transport))
        case .untranslated(let frontends): Set(frontends.map(\.transport))
        case .leading(let targets): Set(targets.keys.map(\.transport))
        }
    }

    package func contains(_ flow: TrackedFlow) -> Bool {
        switch self {
        case .answeredElsewhere(let wanted):
            if let targets = wanted[flow.frontend] { return !targets.contains(flow.answering) }
            guard let targets = wanted[flow.frontend.atEveryAddress], flow.isTranslated || !flow.isAnswered else { return false }
            return !targets.contains(flow.answering)
        case .untranslated(let frontends):
            guard !flow.isTranslated, !flow.isAnswered else { return false }
            return frontends.contains(flow.frontend) || frontends.contains(flow.frontend.atEveryAddress)
        case .leading(let targets):
            return flow.isTranslated
                && targets.contains { frontend, target in
                    frontend.transport == flow.frontend.transport && frontend.port == flow.frontend.port && target == flow.answering
                }
        }
    }
}
