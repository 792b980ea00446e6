package import PodCore

/// Remembers beyond the agent's end which pods it has evicted: between the end of a pod's containers and its final status in the API, nothing else
/// says that the pod must not go on.
package protocol EvictionRecords: Sendable {
    /// The evictions by the pods' uids.
    func load() async -> [String: PodEviction]
    func store(_ eviction: PodEviction, podUID: String) async
    func remove(podUID: String) async
}

/// Remembers nothing, for nodes without a disk of their own.
package struct NoEvictionRecords: EvictionRecords {
    package init() {}

    package func load() async -> [String: PodEviction] { [:] }
    package func store(_ eviction: PodEviction, podUID: String) async {}
    package func remove(podUID: String) async {}
}
