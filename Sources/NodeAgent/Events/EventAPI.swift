package import KubeClient
package import KubeModel

/// The API calls of the event recorder.
package protocol EventAPI: Sendable {
    func create(event: Event) async throws
    func patch(event: ObjectKey, _ patch: JSONValue) async throws
}

extension KubeClient: EventAPI {
    package func create(event: Event) async throws {
        _ = try await create(event)
    }

    package func patch(event: ObjectKey, _ patch: JSONValue) async throws {
        _ = try await self.patch(Event.self, event, .strategicMerge, patch)
    }
}
