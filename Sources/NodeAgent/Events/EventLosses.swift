/// The events that the API server never got, by the reason.
package struct EventLosses: Sendable, Hashable {
    package enum Reason: String, Sendable, CaseIterable {
        /// Too many waited; the oldest was dropped.
        case queueFull = "queue_full"
        /// The object had too many events.
        case spamFilter = "spam_filter"
        /// The API server refused the event.
        case rejected
        /// The API server could not be reached in all tries.
        case unreachable
    }

    private static let reportInterval = Duration.seconds(600)

    /// Since the start of the agent.
    package private(set) var counts: [Reason: Int] = [:]
    private var reported: [Reason: Duration] = [:]

    package subscript(_ reason: Reason) -> Int { counts[reason] ?? 0 }

    /// Counts a lost event. Returns whether a line about this reason is due in the log.
    mutating func note(_ reason: Reason, at now: Duration) -> Bool {
        counts[reason, default: 0] += 1
        if let last = reported[reason], now - last < Self.reportInterval { return false }
        reported[reason] = now
        return true
    }
}
