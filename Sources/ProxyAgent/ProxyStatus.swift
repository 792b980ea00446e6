package import KubeModel
package import ProxyCore

/// The proxy's present state, for `swiftlet proxy ls`, health checks and metrics.
package struct ProxyStatus: Sendable {
    /// The frontends and their endpoints as they are in the kernel.
    package var entries: [ServiceEntry] = []
    /// Services that cannot be served, a sentence each.
    package var problems: [String] = []
    /// When the kernel last had exactly the wanted tables; `nil` before the first time.
    package var lastSync: Timestamp?
    package var syncs = 0
    package var failures = 0
    /// Why the last attempt failed; `nil` after a success.
    package var lastFailure: String?
    /// How often another program's change of the tables was undone.
    package var repairs = 0
    /// UDP flows deleted because their endpoint was gone.
    package var deletedFlows = 0

    package init() {}
}
