/// A bounded cache whose entries have a time to live. Pure: the time is a parameter.
package struct ExpiringCache<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private struct Entry: Sendable {
        var value: Value
        var expires: Duration
        var order: UInt64
    }

    private let limit: Int
    private var entries: [Key: Entry] = [:]
    private var counter: UInt64 = 0

    package init(limit: Int) {
        self.limit = max(1, limit)
    }

    package var count: Int { entries.count }

    package mutating func value(_ key: Key, now: Duration) -> Value? {
        guard let entry = entries[key] else { return nil }
        guard entry.expires > now else {
            entries[key] = nil
            return nil
        }
        return entry.value
    }

    package mutating func store(_ value: Value, for key: Key, expires: Duration, now: Duration) {
        if entries[key] == nil, entries.count >= limit { makeRoom(now: now) }
        counter += 1
        entries[key] = Entry(value: value, expires: expires, order: counter)
    }

    /// Drops expired entries. If that is not enough, drops the older half, so that making room is rare.
    private mutating func makeRoom(now: Duration) {
        entries = entries.filter { $0.value.expires > now }
        guard entries.count >= limit else { return }
        let orders = entries.values.map(\.order).sorted()
        let border = orders[orders.count / 2]
        entries = entries.filter { $0.value.order > border }
    }
}
