/// How long calls on file systems may take: those of other machines before their process is killed, the node's own before they are left behind.
package struct VolumePatience: Sendable {
    package var mount = Duration.seconds(30)
    /// A server that does not say in this time how much space it has counts as one that does not answer.
    package var answer = Duration.seconds(10)
    /// Data that was not written yet is written now.
    package var unmount = Duration.seconds(60)
    /// With calls that wait for the server failing at once.
    package var forcedUnmount = Duration.seconds(10)
    /// Of calls on the node's own paths.
    package var local = Duration.seconds(123)
    /// Of one turn at the files of a pod that ends.
    package var removal = Duration.seconds(10)

    package init() {}
}
