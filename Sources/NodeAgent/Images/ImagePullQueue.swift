import PodCore

/// Which pulls may run: at most `limit` different ones, in the order in which they came. Callers of one pull share its place.
struct ImagePullQueue {
    struct Key: Sendable, Hashable {
        let image: String
        let credentials: [RegistryCredential]
    }

    /// `nil` for any number.
    private let limit: Int?
    private var users: [Key: Int] = [:]
    /// Pulls with users of which one has ended with the result.
    private var finished: Set<Key> = []
    private var waiting: [(ticket: UInt64, key: Key)] = []

    init(limit: Int?) {
        self.limit = limit
    }

    /// Returns the tickets that may begin now.
    mutating func enter(_ ticket: UInt64, _ key: Key) -> [UInt64] {
        waiting.append((ticket, key))
        return admit()
    }

    /// Ends a pull that has begun. Returns the tickets that may begin now.
    mutating func leave(_ key: Key) -> [UInt64] {
        let rest = (users[key] ?? 1) - 1
        users[key] = rest > 0 ? rest : nil
        if rest <= 0 { finished.remove(key) }
        return admit()
    }

    /// Returns true to the first of the callers that share a pull.
    mutating func finish(_ key: Key) -> Bool { finished.insert(key).inserted }

    /// Takes back a ticket that has not begun.
    mutating func withdraw(_ ticket: UInt64) { waiting.removeAll { $0.ticket == ticket } }

    private mutating func admit() -> [UInt64] {
        var admitted: [UInt64] = []
        var kept: [(ticket: UInt64, key: Key)] = []
        for entry in waiting {
            if users[entry.key] == nil, let limit, users.count >= limit {
                kept.append(entry)
            } else {
                users[entry.key, default: 0] += 1
                admitted.append(entry.ticket)
            }
        }
        waiting = kept
        return admitted
    }
}
