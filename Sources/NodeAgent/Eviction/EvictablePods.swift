package import KubeModel
package import PodCore

/// The pods of this node, as far as ending them for want of resources is concerned.
package protocol EvictablePods: Sendable {
    /// The pods that hold a place on the node, with the resources that are set aside for them.
    func podsWithPlaces() async -> [Pod]

    /// Where the pod's containers are; `nil` once the pod is gone.
    func place(of uid: String) async -> PodPlace?

    /// Begins the end of a pod. A pod that is over already just ends. Returns false if there is no such pod.
    func evict(_ uid: String, _ eviction: PodEviction) async -> Bool

    /// Returns once the pods hold nothing but records and logs, with false if they still hold something at the deadline.
    func awaitEnd(of uids: Set<String>, until deadline: Duration) async -> Bool
}
