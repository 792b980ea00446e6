extension Dictionary {
    /// Below this, a dictionary's storage is not worth a copy.
    private static var smallCapacity: Int { 64 }

    /// Removes an entry, and with most entries gone the storage that they needed, which a dictionary else keeps for good.
    @discardableResult
    package mutating func removeWithRoom(_ key: Key) -> Value? {
        let value = removeValue(forKey: key)
        if capacity > Self.smallCapacity, count < capacity / 8 { self = Dictionary(uniqueKeysWithValues: map { ($0.key, $0.value) }) }
        return value
    }
}
