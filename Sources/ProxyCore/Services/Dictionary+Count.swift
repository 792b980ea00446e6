extension Dictionary where Value: FixedWidthInteger {
    /// Counts a key up or down. One that is counted down to 0 takes no room.
    mutating func count(_ key: Key, _ step: Value) {
        let count = self[key, default: 0] + step
        self[key] = count == 0 ? nil : count
    }
}
