/// A look at one part of the node that can stop working while the agent runs on.
package struct HealthProbe: Sendable {
    /// As in `/healthz` and in the log.
    package let name: String
    /// How long the part may take for an answer.
    package let patience: Duration
    /// Returns once the part has answered. Throws the problem, in words for the node's condition Ready.
    package let look: @Sendable () async throws -> Void

    package init(_ name: String, patience: Duration, look: @escaping @Sendable () async throws -> Void) {
        self.name = name
        self.patience = patience
        self.look = look
    }
}
