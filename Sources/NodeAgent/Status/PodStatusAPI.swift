package import KubeClient
package import KubeModel
import PodCore

/// The API calls of the status writer.
package protocol PodStatusAPI: Sendable {
    /// Returns the pod's version with the patch; `nil` when the answer does not tell.
    func patchStatus(of pod: ObjectKey, _ patch: JSONValue) async throws -> ObjectVersion?
    /// Deletes the pod at once, if its uid is still `uid`.
    func deletePod(_ pod: ObjectKey, uid: String) async throws
}

extension KubeClient: PodStatusAPI {
    package func patchStatus(of pod: ObjectKey, _ patch: JSONValue) async throws -> ObjectVersion? {
        try await send(Pod.self, pod, subresource: "status", .strategicMerge, patch)
    }

    package func deletePod(_ pod: ObjectKey, uid: String) async throws {
        try await delete(Pod.self, pod, DeleteOptions(gracePeriodSeconds: 0, uid: uid))
    }
}
