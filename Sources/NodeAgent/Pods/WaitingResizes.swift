import PodCore

/// The pods whose resizes wait for room.
struct WaitingResizes {
    private var uids: Set<String> = []
    /// Until then, pods may be missing in the sum of all.
    private(set) var isOpen = false

    /// All pods of the node are known.
    mutating func open() {
        isOpen = true
    }

    func contains(_ uid: String) -> Bool { uids.contains(uid) }

    mutating func note(_ verdict: ResizeVerdict, for uid: String) {
        switch verdict {
        case .fits, .infeasible: uids.remove(uid)
        case .deferred, .unknown: uids.insert(uid)
        }
    }

    mutating func forget(_ uid: String) {
        uids.remove(uid)
    }
}
