/// The moment of a container's life at which its hook runs (`core/v1 Lifecycle`).
package enum HookKind: Sendable, Hashable {
    /// After the program was executed. A failure ends the container.
    case postStart
    /// Before the stop signal, within the grace period.
    case preStop
}
