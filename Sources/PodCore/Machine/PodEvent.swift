package import KubeModel

/// An input of a pod's machine. The result of an action names its object, so that a late result is recognised.
package enum PodEvent: Sendable {
    /// A newer object of the pod, perhaps with a deletion timestamp.
    case updated(Pod)
    /// The pod is no longer in the API.
    case removed
    /// The node ends the pod, which could go on.
    case evicted(PodEviction)

    /// - Parameter renewAt: when a token in the volume is to be renewed.
    case volumeMounted(name: String, path: String, renewAt: Timestamp? = nil)
    case volumeFailed(name: String, VolumeFailure)
    /// A ConfigMap or Secret that the pod shows is another now.
    case objectsChanged
    /// - Parameter next: when a token is to be renewed, or a failed update to be repeated.
    case volumesRefreshed(next: Timestamp?)

    case sandboxCreated(StartedSandbox, addresses: [String])
    /// - Parameter remains: the sandbox that was made before a later step failed. It must be stopped.
    case sandboxFailed(message: String, remains: String? = nil)
    /// No sandbox was made because the node cannot give the pod the devices that it claims.
    case devicesMissing(message: String)
    /// No sandbox was made because the node has no pod network yet.
    case networkMissing
    /// The node has its pod network now.
    case networkReady
    /// The sandbox's pause process or shim ended by itself.
    case sandboxEnded(id: String)
    case sandboxStopped
    case sandboxStopFailed(message: String)
    /// The records of an earlier sandbox of the pod are gone.
    case sandboxRemoved(id: String)

    case imageReady(container: String, ImageDescription)
    case imageFailed(container: String, ImageProblem)

    case containerStarted(container: String, StartedContainer, sandboxID: String, imageID: String, user: ContainerUser? = nil)
    case containerFailed(container: String, ContainerProblem)
    case containerExited(id: String, ContainerExit, message: String?)
    /// A signal could not be sent to a running container.
    case signalFailed(containerID: String, StopSignal, message: String)

    case hookEnded(containerID: String, HookKind, HookResult)
    case probed(containerID: String, ProbeKind, ProbeResult)

    /// The node has looked for room for the resources that the pod asks for. Those that fit are set aside from here on.
    case resizeReviewed(ResizeRequest, ResizeVerdict)
    /// Room has become free on the node.
    case roomFreed
    case resizeApplied(ResizeOutcome)

    /// Volumes are unmounted and deleted, the sandbox's remains and the cgroup are gone.
    case cleanedUp
    case cleanUpFailed(message: String)
}
