package import KubeModel
package import ProxyCore

/// The proxy's present state, for `swiftlet proxy ls`, health checks and metrics.
package struct ProxyStatus: Sendable {
    /// Parts of Services that cannot be served.
    package var problems: [ServiceProblem] = []
    /// When the kernel last had exactly the wanted tables; `nil` before the first time.
    package var lastSync: Timestamp?
    /// Since when the kernel has not had what was wanted; `nil` while it has.
    package var pendingSince: Timestamp?
    /// When a change last asked for a sync.
    package var lastQueued: Timestamp?
    package var syncs = 0
    package var failures = 0
    /// Why the last attempt failed; `nil` after a success.
    package var lastFailure: String?
    /// How often another program's change of the tables was undone.
    package var repairs = 0
    /// Flows without connections that were deleted because their endpoint was gone.
    package var deletedFlows = 0
    /// Clients that lost their place at an endpoint because it was gone.
    package var endedAffinities = 0

    package init() {}
}
