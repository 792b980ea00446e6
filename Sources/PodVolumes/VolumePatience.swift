/// How long calls on file systems of other machines may take before their process is killed.
package struct VolumePatience: Sendable {
    package var mount = Duration.seconds(30)
    /// A server that does not say in this time how much space it has counts as one that does not answer.
    package var answer = Duration.seconds(10)
    /// Data that was not written yet is written now.
    package var unmount = Duration.seconds(60)
    /// With calls that wait for the server failing at once.
    package var forcedUnmount = Duration.seconds(10)

    package init() {}
}
