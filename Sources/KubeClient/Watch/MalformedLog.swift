/// Remembers what was complained about, so that a broken object does not fill the log each time that it comes by.
struct MalformedLog: Sendable {
    static let remembered = 500
    private var known: Set<String> = []

    /// True the first time. Starts over when too many different ones were seen.
    mutating func isNew(_ complaint: String) -> Bool {
        if known.count >= Self.remembered { known.removeAll() }
        return known.insert(complaint).inserted
    }
}
