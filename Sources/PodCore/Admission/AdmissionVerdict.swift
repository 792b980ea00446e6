package import KubeModel

/// The answer to a pod that asks for a place on this node.
package enum AdmissionVerdict: Sendable, Hashable {
    case admitted
    /// - Parameter isByLabels: only the node's labels speak against the pod, and the known labels may be older than the pod: it is worth a second
    ///   look with labels just read.
    case refused(PodRefusal, isByLabels: Bool)
    /// The pod is critical and lacks only resources: it is admitted once the victims have ended.
    /// - Parameter resource: the first that it lacks.
    case preempts(victims: [Pod], resource: String)
}
