/// Decides when a state that lasts is written to the log: when it begins or changes, and once an hour.
struct RareNotice: Sendable {
    private static let interval = Duration.seconds(3600)

    private var last: (text: String, at: Duration)?

    mutating func isDue(_ text: String, at now: Duration) -> Bool {
        if let last, last.text == text, now - last.at < Self.interval { return false }
        last = (text, now)
        return true
    }
}
