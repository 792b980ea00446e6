package import KubeModel
import Synchronization
import Timing

/// Keeps single objects that pods refer to, ConfigMaps and Secrets, fresh: one watch for each object while any caller holds it.
///
/// A node may only watch such objects by name, so there is no common watch.
package final class WatchedObjects<Object: KubeObject>: Sendable {
    private struct Entry {
        var holders = 1
        let reflector: Reflector<Object>
        /// Ends the watch.
        let stop = Latch()
        var isWatched = false
        /// Set when the object is marked immutable; its watch has ended then.
        var final: Object?
        /// When the last holder left, while the object is kept for the next one.
        var idleSince: Duration?
        /// A task waits for the end of the idle time.
        var isExpiring = false

        func object(_ key: ObjectKey) -> Object? { final ?? reflector.object(key) }
    }

    private struct State {
        var entries: [ObjectKey: Entry] = [:]
    }

    /// How long an object is kept that no caller holds. Pods that follow each other need the same few.
    private static var idleTime: Duration { .seconds(300) }

    private let client: KubeClient
    private let isImmutable: @Sendable (Object) -> Bool
    private let staysIdle: @Sendable (Object) -> Bool
    private let state = Mutex(State())
    /// Signals a change of the set of entries; the runner reads the set itself.
    private let wakeUps: AsyncStream<Void>
    private let wakeUp: AsyncStream<Void>.Continuation
    private let changed = KeyMailbox()

    /// - Parameters:
    ///   - isImmutable: recognises objects that can be kept without a watch.
    ///   - staysIdle: recognises objects that are kept for five minutes after the last holder has left.
    package init(
        _ client: KubeClient, of type: Object.Type = Object.self, staysIdle: @escaping @Sendable (Object) -> Bool = { _ in false },
        isImmutable: @escaping @Sendable (Object) -> Bool
    ) {
        self.client = client
        self.isImmutable = isImmutable
        self.staysIdle = staysIdle
        (wakeUps, wakeUp) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// One more holder of the object; the first one starts its watch.
    package func acquire(_ key: ObjectKey) {
        let isNew = state.withLock { state in
            guard var entry = state.entries[key] else {
                state.entries[key] = Entry(reflector: reflector(key))
                return true
            }
            entry.holders += 1
            entry.idleSince = nil
            state.entries[key] = entry
            return false
        }
        if isNew { wakeUp.yield() }
    }

    private func reflector(_ key: ObjectKey) -> Reflector<Object> {
        Reflector(client, scope: ObjectScope(namespace: key.namespace, fieldSelector: "metadata.name=\(key.name)")) { [weak self] in
            self?.isHeld(key) ?? false
        }
    }

    private func isHeld(_ key: ObjectKey) -> Bool { state.withLock { ($0.entries[key]?.holders ?? 0) > 0 } }

    /// One holder less; with the last one the watch ends, at once or after the idle time, and the object is forgotten.
    package func release(_ key: ObjectKey) {
        let now = client.options.time.now()
        let isIdle = state.withLock { state in
            guard var entry = state.entries[key], entry.holders > 0 else { return false }
            entry.holders -= 1
            if entry.holders == 0 { entry.idleSince = now }
            let isKept = entry.holders > 0 || entry.object(key).map(staysIdle) == true
            state.entries[key] = isKept ? entry : nil
            if !isKept { entry.stop.open() }
            return isKept && entry.holders == 0
        }
        // Only the wait for the end of an idle time is work for the runner.
        if isIdle { wakeUp.yield() }
    }

    /// The object as it is now: from its watch, else by asking the API server, whose refusal is then the error.
    package func get(_ key: ObjectKey) async throws -> Object {
        if let reflector = state.withLock({ $0.entries[key]?.reflector }) {
            await reflector.waitForFirstList()
            if let object = state.withLock({ $0.entries[key]?.object(key) }) ?? reflector.object(key) { return object }
        }
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
        let (unwatched, idle) = state.withLock { state in
            let unwatched = state.entries.filter { !$0.value.isWatched }
            let idle = state.entries.filter { $0.value.idleSince != nil && !$0.value.isExpiring }
            for key in unwatched.keys { state.entries[key]?.isWatched = true }
            for key in idle.keys { state.entries[key]?.isExpiring = true }
            return (unwatched, idle)
        }
        for (key, entry) in unwatched { group.addTask { await self.watch(key, entry.reflector, entry.stop) } }
        for (key, entry) in idle { group.addTask { await self.expire(key, entry.stop) } }
    }

    private func watch(_ key: ObjectKey, _ reflector: Reflector<Object>, _ stop: Latch) async {
        await withTaskGroup(of: Void.self) { group in
            let updates = reflector.updates()
            group.addTask { await reflector.run() }
            group.addTask { await stop.wait() }
            group.addTask {
                for await changes in updates {
                    guard let change = changes[key] else { continue }
                    self.changed.add(key)
                    if case .stored(let object) = change, self.isImmutable(object) {
                        self.setFinal(object, key, stop)
                        return
                    }
                }
            }
            await group.next()
            group.cancelAll()
        }
        if !Task.isCancelled { watchEnded(key, stop) }
    }

    private func setFinal(_ object: Object, _ key: ObjectKey, _ stop: Latch) {
        state.withLock { state in
            // The entry may have been released and acquired anew meanwhile.
            if state.entries[key]?.stop === stop { state.entries[key]?.final = object }
        }
    }

    /// The API server forbids an object that no caller held a moment ago.
    private func watchEnded(_ key: ObjectKey, _ stop: Latch) {
        state.withLock { state in
            guard let entry = state.entries[key], entry.stop === stop, entry.final == nil else { return }
            state.entries[key] = nil
            guard entry.holders > 0 else { return }
            var anew = Entry(reflector: reflector(key))
            anew.holders = entry.holders
            state.entries[key] = anew
        }
        wakeUp.yield()
    }

    /// Waits for the end of the object's idle time, or for a holder.
    private func expire(_ key: ObjectKey, _ stop: Latch) async {
        while let pause = timeLeft(key, stop) {
            do { try await client.options.time.sleep(for: pause) } catch { return }
        }
    }

    /// Returns `nil` when the object was forgotten, or has a holder again.
    private func timeLeft(_ key: ObjectKey, _ stop: Latch) -> Duration? {
        let now = client.options.time.now()
        return state.withLock { state in
            guard let entry = state.entries[key], entry.stop === stop else { return nil }
            let left = entry.idleSince.map { $0 + Self.idleTime - now }
            if let left, left > .zero { return left }
            if left == nil {
                state.entries[key]?.isExpiring = false
            } else {
                state.entries[key] = nil
                stop.open()
            }
            return nil
        }
    }
}
