import Synchronization

/// Notes that an exchange has come to the point from which its failures mean something else.
final class Milestone: Sendable {
    private let reached = Atomic(false)

    var isReached: Bool { reached.load(ordering: .acquiring) }

    func reach() { reached.store(true, ordering: .releasing) }
}
