package import KubeClient
package import KubeModel
import PodCore

/// What the status writer needs of the API server.
package protocol PodStatusAPI: Sendable {
    func patchStatus(of pod: ObjectKey, _ patch: JSONValue) async throws
    /// Deletes the pod at once, if it is still the one with this uid.
    func deletePod(_ pod: ObjectKey, uid: String) async throws
}

extension KubeClient: PodStatusAPI {
    package func patchStatus(of pod: ObjectKey, _ patch: JSONValue) async throws {
        _ = try await self.patch(Pod.self, pod, subresource: "status", .strategicMerge, patch)
    }

    package func deletePod(_ pod: ObjectKey, uid: String) async throws {
        try await delete(Pod.self, pod, DeleteOptions(gracePeriodSeconds: 0, uid: uid))
    }
}
