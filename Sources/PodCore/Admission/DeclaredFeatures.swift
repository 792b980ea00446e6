import KubeModel

/// The features of this node that pods may require (`status.declaredFeatures`, KEP-5328), and the features that it lacks.
package enum DeclaredFeatures {
    /// Sorted, as the API server wants it.
    package static let all = ["ExtendWebSocketsToKubelet", "InPlacePodLevelResourcesVerticalScaling", "InPlacePodVerticalScalingInitContainers"]

    /// The scheduler keeps such pods away; a pod with `nodeName` comes nevertheless.
    static func refusal(of pod: Pod) -> PodRefusal? {
        let containers = (pod.spec.initContainers ?? []) + pod.spec.containers
        guard containers.contains(where: { $0.restartPolicyRules?.contains { $0.action == "RestartAllContainers" } ?? false }) else { return nil }
        return PodRefusal(
            reason: "PodFeatureUnsupported",
            message: "Pod requires node features that are not available: RestartAllContainersOnContainerExits")
    }
}
