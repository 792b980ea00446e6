/// Which calls go first when the rate limit makes calls wait.
package enum CallPriority: Int, Sendable, Comparable {
    /// Statuses and the deletions that follow them: the rest of the cluster waits for these.
    case status
    case ordinary
    /// Lists come in crowds, after a restart of the API server above all, and what they bring can wait.
    case list

    package static func < (lhs: CallPriority, rhs: CallPriority) -> Bool { lhs.rawValue < rhs.rawValue }
}
