/// A bounded map that drops the entry used longest ago to make room for a new one.
struct RecentCache<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private struct Entry: Sendable {
        var value: Value
        var use: UInt64
    }

    private let limit: Int
    private var entries: [Key: Entry] = [:]
    private var uses: UInt64 = 0

    init(limit: Int) {
        self.limit = max(1, limit)
    }

    var count: Int { entries.count }

    mutating func value(_ key: Key) -> Value? {
        guard let value = entries[key]?.value else { return nil }
        uses += 1
        entries[key]?.use = uses
        return value
    }

    mutating func store(_ value: Value, for key: Key) {
        // A search through all is cheap enough: it happens only in a full cache, and not more often than events may be sent.
        if entries.count >= limit, entries[key] == nil, let oldest = entries.min(by: { $0.value.use < $1.value.use }) {
            entries[oldest.key] = nil
        }
        uses += 1
        entries[key] = Entry(value: value, use: uses)
    }
}
