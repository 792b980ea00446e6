import KubeModel
import Timing

/// All objects in memory, with one revision counter for all resources as etcd has.
///
/// The rules of the API (defaults, validation, deletion) run inside ``transaction(_:)``: nothing happens between the
/// read and the write of one request.
actor ObjectStore {
    struct Watcher {
        let type: ResourceType
        let filter: ObjectFilter
        let continuation: AsyncStream<WatchItem>.Continuation
    }

    /// Changes that a watch may lag behind before it is ended.
    static let watchBuffer = 4096

    private let time: any TimeSource
    private(set) var revision: Int64 = 1
    private var collections: [ResourceType: [ObjectKey: JSONValue]] = [:]
    private var history: EventHistory
    private var watchers: [Int: Watcher] = [:]
    private var observers: [(types: Set<ResourceType>, continuation: AsyncStream<Void>.Continuation)] = []
    private var nextWatcher = 0

    init(historyLength: Int = 4096, time: any TimeSource) {
        history = EventHistory(capacity: historyLength)
        self.time = time
    }

    nonisolated func now() -> Timestamp { time.wallTime() }

    /// Runs several steps as one; the body cannot suspend.
    func transaction<Result: Sendable>(_ body: @Sendable (isolated ObjectStore) throws -> Result) rethrows -> Result { try body(self) }

    // MARK: Reading

    func get(_ type: ResourceType, _ key: ObjectKey) -> JSONValue? { collections[type]?[key] }

    func require(_ type: ResourceType, _ key: ObjectKey) throws -> JSONValue {
        guard let object = get(type, key) else { throw APIError.notFound(type, key.name) }
        return object
    }

    /// Objects in the order of namespace and name.
    func list(_ type: ResourceType, _ filter: ObjectFilter = ObjectFilter()) -> [JSONValue] {
        (collections[type] ?? [:]).filter { filter.matches($0.value, type) }.sorted { $0.key < $1.key }.map(\.value)
    }

    /// Several resources at one revision.
    func snapshot(_ types: [ResourceType]) -> [ResourceType: [JSONValue]] {
        Dictionary(uniqueKeysWithValues: types.map { ($0, list($0)) })
    }

    // MARK: Writing

    /// Adds an object, giving it uid, creation time and revision.
    func insert(_ type: ResourceType, _ object: JSONValue) throws -> JSONValue {
        let key = ObjectKey(namespace: object.namespace, name: object.name)
        guard collections[type]?[key] == nil else { throw APIError.alreadyExists(type, key.name) }
        var stored = object
        stored["apiVersion"] = .string(type.apiVersion)
        stored["kind"] = .string(type.kind)
        commit(.added, type, key, &stored, previous: nil)
        return stored
    }

    /// Replaces an object. An equal object changes nothing and reports nothing.
    func replace(_ type: ResourceType, _ object: JSONValue) throws -> JSONValue {
        let key = ObjectKey(namespace: object.namespace, name: object.name)
        let previous = try require(type, key)
        var stored = object
        stored["apiVersion"] = .string(type.apiVersion)
        stored["kind"] = .string(type.kind)
        stored["metadata", "resourceVersion"] = previous["metadata", "resourceVersion"]
        if stored == previous { return previous }
        commit(.modified, type, key, &stored, previous: previous)
        return stored
    }

    /// Takes an object out. The last state is returned with the revision of the removal.
    func remove(_ type: ResourceType, _ key: ObjectKey) throws -> JSONValue {
        var last = try require(type, key)
        commit(.deleted, type, key, &last, previous: last)
        return last
    }

    private func commit(_ kind: StoreEvent.Kind, _ type: ResourceType, _ key: ObjectKey, _ object: inout JSONValue, previous: JSONValue?) {
        revision += 1
        object["metadata", "resourceVersion"] = .string(String(revision))
        collections[type, default: [:]][key] = kind == .deleted ? nil : object
        let event = StoreEvent(kind: kind, type: type, object: object, previous: previous, revision: revision)
        history.append(event)
        for (id, watcher) in watchers where watcher.type == type {
            guard let item = Self.item(for: event, watcher.filter) else { continue }
            deliver(item, to: id, watcher)
        }
        for observer in observers where observer.types.contains(type) { observer.continuation.yield() }
    }

    /// The event as a watcher with a selector sees it: an object that stops matching is deleted for it.
    private static func item(for event: StoreEvent, _ filter: ObjectFilter) -> WatchItem? {
        let matched = event.previous.map { filter.matches($0, event.type) } ?? false
        let matches = event.kind != .deleted && filter.matches(event.object, event.type)
        switch (matched, matches) {
        case (false, false): return nil
        case (false, true): return .event(.added, event.object)
        case (true, true): return .event(.modified, event.object)
        case (true, false):
            // The client is shown the last state that it may see, with the revision of the change.
            var last = event.kind == .deleted ? event.object : event.previous ?? event.object
            last["metadata", "resourceVersion"] = .string(String(event.revision))
            return .event(.deleted, last)
        }
    }

    private func deliver(_ item: WatchItem, to id: Int, _ watcher: Watcher) {
        switch watcher.continuation.yield(item) {
        case .enqueued: break
        default:
            // Too slow, or gone.
            watchers[id] = nil
            watcher.continuation.finish()
        }
    }

    // MARK: Watching

    /// A running watch. Ending the continuation ends it; the store forgets it with the next change.
    struct Watch: Sendable {
        let id: Int
        let items: AsyncStream<WatchItem>
        let continuation: AsyncStream<WatchItem>.Continuation
    }

    enum WatchStart: Sendable, Equatable {
        /// Changes from now on.
        case now
        /// Additions of all present objects, then changes.
        case state
        /// As `state`, followed by a bookmark that says so.
        case stateThenBookmark
        case after(Int64)
    }

    /// Changes of one resource. The stream ends when its reader is too slow. Throws 410 when the start was forgotten.
    func watch(_ type: ResourceType, _ filter: ObjectFilter, from start: WatchStart) throws -> Watch {
        var first: [WatchItem] = []
        switch start {
        case .now: break
        case .state: first = list(type, filter).map { .event(.added, $0) }
        case .stateThenBookmark:
            first = list(type, filter).map { .event(.added, $0) } + [.bookmark(revision: revision, endsInitialEvents: true)]
        case .after(let known):
            guard known <= revision else {
                throw APIError(code: 504, reason: "Timeout", message: "Too large resource version: \(known), current: \(revision)")
            }
            guard let events = history.events(after: known) else {
                throw APIError.expired("too old resource version: \(known) (\(history.forgotten))")
            }
            first = events.filter { $0.type == type }.compactMap { Self.item(for: $0, filter) }
        }
        let (items, continuation) = AsyncStream.makeStream(of: WatchItem.self, bufferingPolicy: .bufferingOldest(Self.watchBuffer + first.count))
        for item in first { continuation.yield(item) }
        let id = nextWatcher
        nextWatcher += 1
        watchers[id] = Watcher(type: type, filter: filter, continuation: continuation)
        return Watch(id: id, items: items, continuation: continuation)
    }

    /// Puts a bookmark behind everything that the watch was given so far.
    func bookmark(_ id: Int) {
        guard let watcher = watchers[id] else { return }
        deliver(.bookmark(revision: revision, endsInitialEvents: false), to: id, watcher)
    }

    func endWatch(_ id: Int) { watchers.removeValue(forKey: id)?.continuation.finish() }

    /// Ends all watches and observers: the cluster stops.
    func endAllWatches() {
        for id in Array(watchers.keys) { endWatch(id) }
        for observer in observers { observer.continuation.finish() }
        observers = []
    }

    /// Signals that an object of these resources changed, without saying which: many changes may become one signal. Begins with a signal.
    func changes(of types: Set<ResourceType>) -> AsyncStream<Void> {
        let (signals, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        continuation.yield()
        observers.append((types, continuation))
        return signals
    }
}
