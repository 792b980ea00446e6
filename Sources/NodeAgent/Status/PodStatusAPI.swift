package import KubeClient
package import KubeModel
import PodCore

/// The API calls of the status writer.
package protocol PodStatusAPI: Sendable {
    func patchStatus(of pod: ObjectKey, _ patch: JSONValue) async throws
    /// Deletes the pod at once, if its uid is still `uid`.
    func deletePod(_ pod: ObjectKey, uid: String) async throws
}

extension KubeClient: PodStatusAPI {
    package func patchStatus(of pod: ObjectKey, _ patch: JSONValue) async throws {
        try await send(Pod.self, pod, subresource: "status", .strategicMerge, patch)
    }

    package func deletePod(_ pod: ObjectKey, uid: String) async throws {
        try await delete(Pod.self, pod, DeleteOptions(gracePeriodSeconds: 0, uid: uid))
    }
}
