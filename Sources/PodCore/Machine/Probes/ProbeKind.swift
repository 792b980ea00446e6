/// The purpose of a probe. The raw value begins its events.
package enum ProbeKind: String, Sendable, Hashable, CaseIterable {
    /// Holds the others back until it succeeds. A failure ends the container.
    case startup = "Startup"
    /// A failure ends the container.
    case liveness = "Liveness"
    /// Decides whether Services lead to the pod.
    case readiness = "Readiness"
}
