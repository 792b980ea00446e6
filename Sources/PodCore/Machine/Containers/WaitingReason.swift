/// Why a container waits: `state.waiting.reason` of its status.
package enum WaitingReason: String, Sendable, Hashable, CaseIterable {
    case containerCreating = "ContainerCreating"
    case podInitializing = "PodInitializing"
    case crashLoopBackOff = "CrashLoopBackOff"
    case createContainerConfigError = "CreateContainerConfigError"
    case createContainerError = "CreateContainerError"
    case runContainerError = "RunContainerError"
    case postStartHookError = "PostStartHookError"
    case errImagePull = "ErrImagePull"
    case registryUnavailable = "RegistryUnavailable"
    case imagePullBackOff = "ImagePullBackOff"
    case errImageNeverPull = "ErrImageNeverPull"
    case invalidImageName = "InvalidImageName"
    case imageInspectError = "ImageInspectError"
    case restartingAllContainers = "RestartingAllContainers"

    static let restartingAllMessage = "The container is removed because RestartAllContainers in place"
}
