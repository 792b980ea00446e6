/// Why a request got no complete answer.
struct HTTPFailure: Error {
    enum Kind {
        case noAnswer
        /// The request was made with TLS, and the peer answered in plain HTTP.
        case plainAnswer
        /// The answer's head is there and the rest is not.
        case body
    }

    let kind: Kind
    /// As Go's HTTP client prints it.
    let text: String

    init(_ kind: Kind, _ text: String) {
        self.kind = kind
        self.text = text
    }
}
