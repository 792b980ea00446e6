package import KubeModel
import Synchronization

/// Keeps single objects that pods refer to, ConfigMaps and Secrets, fresh: one watch for each object while any caller holds it.
///
/// A node may only watch such objects by name, so there is no common watch.
package final class WatchedObjects<Object: KubeObject>: Sendable {
    private struct Entry {
        var holders: Int
        let reflector: Reflector<Object>
        let stop: StopSignal
        /// Set when the object is marked immutable; its watch has ended then.
        var final: Object?
    }

    private struct State {
        var entries: [ObjectKey: Entry] = [:]
    }

    private let client: KubeClient
    private let isImmutable: @Sendable (Object) -> Bool
    private let state = Mutex(State())
    /// Signals a change of the set of entries; the runner reads the set itself.
    private let wakeUps: AsyncStream<Void>
    private let wakeUp: AsyncStream<Void>.Continuation
    private let changed = KeyMailbox()

    /// `isImmutable` recognises objects that can be kept without a watch.
    package init(_ client: KubeClient, of type: Object.Type = Object.self, isImmutable: @escaping @Sendable (Object) -> Bool) {
        self.client = client
        self.isImmutable = isImmutable
        (wakeUps, wakeUp) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// One more holder of the object; the first one starts its watch.
    package func acquire(_ key: ObjectKey) {
        let isNew = state.withLock { state in
            if state.entries[key] != nil {
                state.entries[key]?.holders += 1
                return false
            }
            let scope = ObjectScope(namespace: key.namespace, fieldSelector: "metadata.name=\(key.name)")
            state.entries[key] = Entry(holders: 1, reflector: Reflector(client, scope: scope), stop: StopSignal())
            return true
        }
        if isNew { wakeUp.yield() }
    }

    /// One holder less; with the last one the watch ends and the object is forgotten.
    package func release(_ key: ObjectKey) {
        let stop = state.withLock { state -> StopSignal? in
            guard let entry = state.entries[key] else { return nil }
            guard entry.holders <= 1 else {
                state.entries[key]?.holders -= 1
                return nil
            }
            state.entries[key] = nil
            return entry.stop
        }
        stop?.raise()
    }

    /// The object as it is now: from its watch once that has a first list, else by asking the API server, whose refusal is then the error.
    package func get(_ key: ObjectKey) async throws -> Object {
        let (reflector, final) = state.withLock { ($0.entries[key]?.reflector, $0.entries[key]?.final) }
        if let final { return final }
        if let reflector, reflector.hasSynced, let object = reflector.object(key) { return object }
        // Also when the watch reports the object missing: the watch may be a moment behind, and a pod must not fail for that.
        return try await client.get(Object.self, key)
    }

    /// Returns the held objects that changed since the last call; `get` has their state. One caller at a time; nil when cancelled.
    package func nextChanges() async -> Set<ObjectKey>? { await changed.next() }

    /// Runs the watches until the task is cancelled. Called once.
    package func run() async {
        await withDiscardingTaskGroup { group in
            startMissing(in: &group)
            for await _ in wakeUps { startMissing(in: &group) }
            group.cancelAll()
        }
    }

    private func startMissing(in group: inout DiscardingTaskGroup) {
        let missing = state.withLock { state in
            let missing = state.entries.filter { !$0.value.stop.isTaken }
            for (_, entry) in missing { entry.stop.take() }
            return missing.map { ($0.key, $0.value.reflector, $0.value.stop) }
        }
        for (key, reflector, stop) in missing {
            group.addTask { await self.watch(key, reflector, stop) }
        }
    }

    private func watch(_ key: ObjectKey, _ reflector: Reflector<Object>, _ stop: StopSignal) async {
        await withTaskGroup(of: Void.self) { group in
            let updates = reflector.updates()
            group.addTask { await reflector.run() }
            group.addTask { await stop.wait() }
            group.addTask {
                for await changes in updates {
                    guard let change = changes[key] else { continue }
                    self.changed.add(key)
                    if case .stored(let object) = change, self.isImmutable(object) {
                        self.state.withLock { state in
                            // The entry may have been released and acquired anew meanwhile.
                            if state.entries[key]?.stop === stop { state.entries[key]?.final = object }
                        }
                        return
                    }
                }
            }
            await group.next()
            group.cancelAll()
        }
    }
}
