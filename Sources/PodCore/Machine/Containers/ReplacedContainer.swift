package import KubeModel

/// A container that the agent has ended to run it again, as it was shown. Statuses show it on while the next one starts: for clients there is no gap
/// that they would have to act upon.
package struct ReplacedContainer: Sendable, Hashable {
    package let id: String
    package let imageID: String
    package let startedAt: Timestamp
    package let isStarted: Bool
    package let isReady: Bool

    /// How long a container may take to start before its end is shown.
    static let patience = Duration.seconds(2)
}
