package import KubeModel

package struct RunningContainer: Sendable, Hashable {
    package let id: String
    package let imageID: String
    package let startedAt: Timestamp
}
