/// The features of this node that pods may require (`status.declaredFeatures`, KEP-5328).
package enum DeclaredFeatures {
    /// Sorted, as the API server wants it.
    package static let all = [
        "ExtendWebSocketsToKubelet", "InPlacePodLevelResourcesVerticalScaling", "InPlacePodVerticalScalingInitContainers",
        "RestartAllContainersOnContainerExits",
    ]
}
