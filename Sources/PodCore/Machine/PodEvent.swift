package import KubeModel

/// What a pod's machine is told. Results of actions carry what they are a result of, so that a late one is recognised.
package enum PodEvent: Sendable {
    /// A newer object of the pod, perhaps with a deletion timestamp.
    case updated(Pod)
    /// The API server has no such pod any more.
    case removed

    case volumeMounted(name: String, path: String)
    case volumeFailed(name: String, VolumeFailure)

    case sandboxCreated(StartedSandbox, addresses: [String])
    case sandboxFailed(message: String)
    /// The sandbox's pause process or shim died by itself.
    case sandboxEnded(id: String)
    case sandboxStopped
    case sandboxStopFailed(message: String)
    /// An earlier sandbox of the pod has left nothing.
    case sandboxRemoved(id: String)

    case imageReady(container: String, ImageDescription)
    case imageFailed(container: String, ImageProblem)

    case containerStarted(container: String, StartedContainer, imageID: String, user: ContainerUser? = nil)
    case containerFailed(container: String, ContainerProblem)
    case containerExited(id: String, ContainerExit, message: String?)
    /// A running container could not be told to end.
    case signalFailed(containerID: String, StopSignal, message: String)

    /// Volumes are unmounted and deleted, the sandbox's remains and the cgroup are gone.
    case cleanedUp
    case cleanUpFailed(message: String)
}
