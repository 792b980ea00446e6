/// The problems that were logged already, so that a malformed object does not fill the log with each of its events.
struct ReportedProblems: Sendable {
    private static let limit = 500
    private var known: Set<String> = []

    /// Returns true for a problem's first report. Drops all known problems at the limit.
    mutating func isNew(_ problem: String) -> Bool {
        if known.count >= Self.limit { known.removeAll() }
        return known.insert(problem).inserted
    }
}
