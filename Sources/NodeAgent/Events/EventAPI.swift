package import KubeClient
package import KubeModel

/// The API calls of the event recorder.
package protocol EventAPI: Sendable {
    func create(event: Event) async throws
    func patch(event: ObjectKey, _ patch: JSONValue) async throws
}

extension KubeClient: EventAPI {
    package func create(event: Event) async throws {
        try await send(event)
    }

    package func patch(event: ObjectKey, _ patch: JSONValue) async throws {
        try await send(Event.self, event, .strategicMerge, patch)
    }
}
