package import KubeModel
import PodCore

/// Annotations by which Kubernetes' tools recognise static pods and their mirror pods.
package enum StaticAnnotation {
    /// Where a pod comes from: `file`, or `api`.
    package static let source = Pod.sourceAnnotation
    /// The pod's uid. Tools find the events and logs of a mirror pod by it.
    package static let hash = "kubernetes.io/config.hash"
    /// When the agent first saw the manifest.
    package static let seen = "kubernetes.io/config.seen"
    /// On a mirror pod alone: the hash of its static pod.
    package static let mirror = Pod.mirrorAnnotation
}

extension Pod {
    /// The uid of the static pod that this mirror pod shows.
    package var mirroredUID: String? { metadata.annotations?[StaticAnnotation.mirror] }
}
