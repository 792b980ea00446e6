package import KubeModel

/// A pod from a manifest of this node.
package struct StaticPod: Sendable, Equatable {
    /// As the agent runs it, with the API's defaults.
    package private(set) var pod: Pod
    /// The whole manifest with name, node and annotations, as a mirror pod shows it: also the fields that the agent does not know.
    package private(set) var manifest: JSONValue

    package init(pod: Pod, manifest: JSONValue) {
        self.pod = pod
        self.manifest = manifest
    }

    package var hash: String { pod.metadata.annotations?[StaticAnnotation.hash] ?? pod.uid }

    /// Whether the pods differ at most by the time when they were first seen.
    func isSame(as other: StaticPod) -> Bool {
        var other = other
        other.pod.metadata.annotations?[StaticAnnotation.seen] = pod.metadata.annotations?[StaticAnnotation.seen]
        other.manifest["metadata", "annotations", StaticAnnotation.seen] = manifest["metadata", "annotations", StaticAnnotation.seen]
        return self == other
    }
}
