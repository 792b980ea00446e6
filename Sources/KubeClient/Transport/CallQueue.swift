import Timing

/// The calls that wait for a token of one bucket: by priority, then in the order of their arrival. Pure: the time is a parameter.
package struct CallQueue: Sendable {
    package struct Ticket: Sendable, Hashable {
        fileprivate let priority: CallPriority
        fileprivate let number: Int
    }

    private var bucket: TokenBucket
    /// In the order of the turns.
    private var waiting: [Ticket] = []
    private var joined = 0

    package init(_ bucket: TokenBucket) {
        self.bucket = bucket
    }

    /// Every ticket needs ``turn(of:now:)`` until it returns zero, or ``leave(_:)``.
    package mutating func join(_ priority: CallPriority) -> Ticket {
        joined += 1
        let ticket = Ticket(priority: priority, number: joined)
        let place = waiting.lastIndex { $0.priority <= priority }.map { $0 + 1 } ?? 0
        waiting.insert(ticket, at: place)
        return ticket
    }

    /// Returns zero and ends the wait when the ticket's turn has come, else the time until then, as long as no call overtakes it.
    package mutating func turn(of ticket: Ticket, now: Duration) -> Duration {
        guard let place = waiting.firstIndex(of: ticket) else { return .zero }
        let pause = bucket.wait(for: place + 1, now: now)
        guard pause == .zero, bucket.take(now: now) else { return pause }
        waiting.remove(at: place)
        return .zero
    }

    package mutating func leave(_ ticket: Ticket) {
        waiting.removeAll { $0 == ticket }
    }
}
