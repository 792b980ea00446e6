/// A lifecycle hook of a container (`core/v1 Lifecycle`).
package enum HookKind: Sendable, Hashable {
    /// Runs beside the container's program, from its start. A failure ends the container.
    case postStart
    /// Runs before the stop signal, within the grace period. A failure is only reported.
    case preStop
}
