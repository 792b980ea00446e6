/// The latest changes, oldest first, at most a fixed number.
struct EventHistory {
    private var ring: [StoreEvent] = []
    private var start = 0
    let capacity: Int
    /// The revision of the newest change that was forgotten: a watch can start from here or later.
    private(set) var forgotten: Int64 = 0

    init(capacity: Int) { self.capacity = max(1, capacity) }

    mutating func append(_ event: StoreEvent) {
        guard ring.count == capacity else {
            ring.append(event)
            return
        }
        forgotten = ring[start].revision
        ring[start] = event
        start = (start + 1) % capacity
    }

    /// Changes after a revision; nil when some of them were forgotten.
    func events(after revision: Int64) -> [StoreEvent]? {
        guard revision >= forgotten else { return nil }
        return (ring[start...] + ring[..<start]).filter { $0.revision > revision }
    }
}
