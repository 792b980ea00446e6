package import KubeModel

extension Pod {
    /// The annotation by which kubelet marks where a pod comes from: `api`, `file` or `http`.
    package static let sourceAnnotation = "kubernetes.io/config.source"
    /// The annotation of a pod in the API that only shows a static pod.
    package static let mirrorAnnotation = "kubernetes.io/config.mirror"

    /// The pod comes from the node's own configuration, not from the API server.
    package var isStatic: Bool { metadata.annotations?[Self.sourceAnnotation].map { $0 != "api" } ?? false }

    package var isMirror: Bool { metadata.annotations?[Self.mirrorAnnotation] != nil }

    /// The pod as one of the API server's. Kubelet overwrites the annotation too: no client may pass its pod off as the node's own configuration.
    package var markedAsFromAPI: Pod {
        guard metadata.annotations?[Self.sourceAnnotation] != nil else { return self }
        var pod = self
        pod.metadata.annotations?[Self.sourceAnnotation] = "api"
        return pod
    }

    /// The cluster or the node depends on the pod (`IsCriticalPod`).
    package var isCritical: Bool { isStatic || isMirror || spec.hasCriticalPriority }
}
