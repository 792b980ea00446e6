import KubeModel

/// The `Retry-After` header (RFC 9110, 10.2.3): seconds, or a date.
enum RetryAfter {
    /// Returns the pause that the header asks for, zero for a date that has passed; `nil` for an unreadable header.
    static func pause(_ header: String, now: Timestamp) -> Duration? {
        if let seconds = Int64(header) { return .seconds(max(0, seconds)) }
        return seconds(ofDate: header).map { .seconds(max(0, $0 - now.seconds)) }
    }

    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    /// Reads `Sun, 06 Nov 1994 08:49:37 GMT`, the only form that servers may send.
    private static func seconds(ofDate text: String) -> Int64? {
        let words = text.split(separator: " ")
        guard words.count == 6, words[5] == "GMT", let month = months.firstIndex(of: String(words[2])) else { return nil }
        let number = month < 9 ? "0\(month + 1)" : "\(month + 1)"
        return Timestamp(rfc3339: "\(words[3])-\(number)-\(words[1])T\(words[4])Z")?.seconds
    }
}
