/// The part of a response that probes look at.
struct HTTPAnswer: Sendable {
    let status: Int
    /// The header `Location`.
    let location: String?
    let body: String

    /// The target of a redirect that clients follow. Other answers of 300 to 399 are ends.
    var redirect: String? {
        guard [301, 302, 303, 307, 308].contains(status), let location, !location.isEmpty else { return nil }
        return location
    }
}
