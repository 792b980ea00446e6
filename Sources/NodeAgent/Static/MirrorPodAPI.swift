import FoundationEssentials
package import KubeClient
package import KubeModel

/// The API calls for mirror pods.
package protocol MirrorPodAPI: Sendable {
    func createMirrorPod(_ pod: JSONValue, _ key: ObjectKey) async throws
    /// Deletes the pod at once, if its uid is still `uid`.
    func deletePod(_ pod: ObjectKey, uid: String) async throws
}

extension KubeClient: MirrorPodAPI {
    package func createMirrorPod(_ pod: JSONValue, _ key: ObjectKey) async throws {
        _ = try await perform(
            APICall(
                "POST", APIPath.path(Pod.resource, namespace: key.namespace), body: JSONWriter.bytes(pod), operation: "create",
                object: "mirror pod \(key)"))
    }
}
