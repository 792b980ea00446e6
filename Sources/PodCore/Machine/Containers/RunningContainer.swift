package import KubeModel

package struct RunningContainer: Sendable, Hashable {
    package let id: String
    /// As the spec named it at the start.
    package let image: String
    package let imageID: String
    package let startedAt: Timestamp
    package internal(set) var probes: ContainerProbes
    /// `nil` for a container without such a hook, or once it has succeeded.
    package internal(set) var postStart: PostStart?

    var asShown: ShownContainer {
        ShownContainer(
            id: id, image: image, imageID: imageID, startedAt: startedAt, isStarted: probes.isStarted, isReady: probes.isReady)
    }

    /// The end of this container. The start is the recorded one if the exit has none.
    func ended(_ exit: ContainerExit, message: String?, at now: Duration) -> EndedContainer {
        let exit = ContainerExit(
            startedAt: exit.startedAt ?? startedAt, finishedAt: exit.finishedAt, exitCode: exit.exitCode, signal: exit.signal,
            outOfMemory: exit.outOfMemory, isKnown: exit.isKnown)
        return EndedContainer(id: id, imageID: imageID, outcome: .exited(exit, message: message), endedAt: now)
    }
}
