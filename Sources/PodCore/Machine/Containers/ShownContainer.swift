package import KubeModel

/// A running container as statuses show it.
///
/// A container that the agent has ended to run it again is shown on like this while the next one starts: for clients there is no gap that they would
/// have to act upon.
package struct ShownContainer: Sendable, Hashable {
    package let id: String
    /// The image that it was started with: the spec may name another one by now.
    package let image: String
    package let imageID: String
    package let startedAt: Timestamp
    package let isStarted: Bool
    package let isReady: Bool

    /// How long a container may take to start before the end of the one before is shown.
    static let patience = Duration.seconds(2)
}
