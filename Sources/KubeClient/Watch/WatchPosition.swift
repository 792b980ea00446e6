/// Where a reflector is in the history of its resource.
struct WatchPosition: Sendable, Hashable {
    /// The watch goes on from here; nil means that a list has to come first.
    private(set) var resourceVersion: String?
    private(set) var nextList = ListStart.anything

    mutating func listed(at version: String) {
        resourceVersion = version
        nextList = .notOlderThan(version)
    }

    mutating func advanced(to version: String) {
        resourceVersion = version
        nextList = .notOlderThan(version)
    }

    /// The server has dropped the version, or never had it; the same request would fail again.
    mutating func expired() {
        resourceVersion = nil
        nextList = .newest
    }
}
