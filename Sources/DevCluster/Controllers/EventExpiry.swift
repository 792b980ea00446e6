import KubeModel

/// Removes events an hour after their last change.
struct EventExpiry: TimedController {
    let name = "event-expiry"
    let watched: Set<ResourceType> = [.events]
    static let secondsToLive: Int64 = 3600
    /// The revision of each event and when it was first seen here.
    private var seen: [String: (revision: Int64, at: Timestamp)] = [:]

    mutating func reconcile(_ store: ObjectStore) async throws -> Int64? {
        let now = store.now()
        var next: Int64?
        var present: Set<String> = []
        for event in await store.list(.events) {
            present.insert(event.uid)
            if seen[event.uid]?.revision != event.revision { seen[event.uid] = (event.revision, now) }
            let age = now.seconds - (seen[event.uid]?.at.seconds ?? now.seconds)
            if age < Self.secondsToLive {
                next = min(next ?? .max, Self.secondsToLive - age)
            } else {
                _ = try? await store.transaction { try $0.remove(.events, ObjectKey(namespace: event.namespace, name: event.name)) }
            }
        }
        seen = seen.filter { present.contains($0.key) }
        return next
    }
}
