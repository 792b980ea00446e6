/// How fresh a list has to be.
enum ListStart: Sendable, Hashable {
    /// Whatever the API server has in memory: cheap, may be a little old.
    case anything
    /// Not older than what this client has already seen.
    case notOlderThan(String)
    /// The newest there is.
    case newest

    var resourceVersion: String? {
        switch self {
        case .anything: "0"
        case .notOlderThan(let version): version
        case .newest: nil
        }
    }
}
