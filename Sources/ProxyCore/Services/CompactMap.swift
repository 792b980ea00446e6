/// A dictionary for many entries of which few come and go. Entries lie one behind the other, each at a place of its own for as long as it is there,
/// and an index of numbers finds them: an entry costs its own size and 5 to 11 bytes. Swift's dictionary takes the size of 1.3 to 2.7 entries for each.
struct CompactMap<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private struct Entry {
        let key: Key
        var value: Value
    }

    private static var none: Int32 { -1 }

    private var entries: ContiguousArray<Entry?> = []
    /// Places that are free for new entries.
    private var free: [Int32] = []
    /// Open addressing: the place of an entry stands at its hash or behind, with no gap in between. A power of two, at most three quarters used.
    private var index: ContiguousArray<Int32> = []

    var count: Int { entries.count - free.count }

    subscript(key: Key) -> Value? {
        get { find(key).flatMap { entries[Int(index[$0])]?.value } }
        set {
            if let newValue { set(newValue, for: key) } else { remove(key) }
        }
    }

    /// Where the entry of a key is; no other entry takes the place before it is removed.
    func place(of key: Key) -> Int32? { find(key).map { index[$0] } }

    func key(at place: Int32) -> Key? { entries.indices.contains(Int(place)) ? entries[Int(place)]?.key : nil }

    /// The value at a place that has one.
    subscript(place place: Int32) -> Value? {
        get { entries.indices.contains(Int(place)) ? entries[Int(place)]?.value : nil }
        set { if let newValue { entries[Int(place)]?.value = newValue } }
    }

    var keys: [Key] { entries.compactMap { $0?.key } }

    var elements: some Sequence<(key: Key, value: Value)> { entries.lazy.compactMap { entry in entry.map { ($0.key, $0.value) } } }

    @discardableResult
    mutating func set(_ value: Value, for key: Key) -> Int32 {
        if let found = find(key) {
            entries[Int(index[found])]?.value = value
            return index[found]
        }
        if 4 * (count + 1) > 3 * index.count { grow() }
        let place: Int32
        if let last = free.popLast() {
            place = last
            entries[Int(place)] = Entry(key: key, value: value)
        } else {
            place = Int32(entries.count)
            // An eighth more, where an array would double: room in reserve is memory, too.
            if entries.count == entries.capacity { entries.reserveCapacity(entries.count + max(8, entries.count / 8)) }
            entries.append(Entry(key: key, value: value))
        }
        insert(place, key)
        return place
    }

    mutating func remove(_ key: Key) {
        guard var gap = find(key) else { return }
        let place = index[gap]
        entries[Int(place)] = nil
        free.append(place)
        index[gap] = Self.none
        // Those behind come forward, up to the next gap, unless that would put them in front of their hash.
        var next = (gap + 1) & mask
        while index[next] != Self.none, let key = entries[Int(index[next])]?.key {
            if (next - home(key)) & mask >= (next - gap) & mask {
                index.swapAt(gap, next)
                gap = next
            }
            next = (next + 1) & mask
        }
        if count == 0 { self = CompactMap() }
    }

    private var mask: Int { index.count - 1 }

    private func home(_ key: Key) -> Int { key.hashValue & mask }

    /// Where the index has the place of a key.
    private func find(_ key: Key) -> Int? {
        guard !index.isEmpty else { return nil }
        var slot = home(key)
        while index[slot] != Self.none {
            if entries[Int(index[slot])]?.key == key { return slot }
            slot = (slot + 1) & mask
        }
        return nil
    }

    private mutating func insert(_ place: Int32, _ key: Key) {
        var slot = home(key)
        while index[slot] != Self.none { slot = (slot + 1) & mask }
        index[slot] = place
    }

    private mutating func grow() {
        index = ContiguousArray(repeating: Self.none, count: max(8, 2 * index.count))
        for (place, entry) in entries.enumerated() {
            if let entry { insert(Int32(place), entry.key) }
        }
    }
}
