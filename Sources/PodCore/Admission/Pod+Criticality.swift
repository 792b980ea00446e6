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

    /// Whether other pods make room for this one. Not for a mirror pod: its annotation is the word of any client, and what it shows runs already.
    var preempts: Bool { isStatic || spec.hasCriticalPriority }

    /// Whether the other pod may be ended for this one (`Preemptable`).
    func mayPreempt(_ other: Pod) -> Bool {
        if preempts, !other.isCritical { return true }
        guard let priority = spec.priority, let theirs = other.spec.priority else { return false }
        return priority > theirs
    }
}
