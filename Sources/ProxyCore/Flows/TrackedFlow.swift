package import Addresses

/// A flow as connection tracking has it.
package struct TrackedFlow: Sendable, Hashable {
    /// The destination of the client's packets.
    package let frontend: Frontend
    /// The sender of the answers, whether there were any or not.
    package let answering: Endpoint.Target
    /// The destination was translated.
    package let isTranslated: Bool
    package let isAnswered: Bool

    package init(frontend: Frontend, answering: Endpoint.Target, isTranslated: Bool, isAnswered: Bool) {
        self.frontend = frontend
        self.answering = answering
        self.isTranslated = isTranslated
        self.isAnswered = isAnswered
    }
}
