import PodCore

/// An event in the life of a sandbox, or the result of one of its actions.
enum SandboxEvent: Sendable, Equatable {
    /// The connection to the shim ended without being closed here. The shim may live on.
    case connectionEnded
    /// The wait for the end of the shim's process is over, and it lives.
    case shimAlive
    case shimExited
    /// - Parameter isConnected: the connection that brought the answer is still open.
    case shimAnswered(ShimReport, isConnected: Bool)
    /// The shim could not be connected to, hung up, or refused to answer.
    case shimSilent
    case pauseEnded
    /// Reported by the shim.
    case containerExited(String, ContainerExit)
    /// Read from the exit record of a container that has no process left.
    case exitRead(String, ContainerExit)
    case execExited(String, ContainerExit)
    /// Every process of a lost sandbox was killed, as far as possible.
    case killed
    /// `reportEnd` is done.
    case endReported
    case stopAsked
    /// Some process or cgroup could not be removed.
    case stopFailed
    /// No process and no cgroup is left.
    case emptied
}
