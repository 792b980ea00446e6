import Timing

/// Keeps refused credentials from being offered again and again: after two refusals in a row, calls fail with the last refusal for a while, without a
/// request. One call goes out after each pause, which doubles from one second to half a minute. Other credentials and any other answer open the gate.
struct RefusalGate: Sendable {
    private var backOff = BackOff(initial: .seconds(1), maximum: .seconds(30), jitter: 0.2)
    private var identity: Identity?
    private var refusals = 0
    private var last: APIError?
    private var closedUntil = Duration.zero

    /// The credentials of a call.
    struct Identity: Sendable, Hashable {
        let generation: Int
        let token: String?
    }

    /// The last refusal, while these are the credentials that the server refuses.
    func refusal(of identity: Identity) -> APIError? { self.identity == identity && refusals > 1 ? last : nil }

    /// The error for a call that may not go out now. A call that may go out closes the gate for the others until it has its answer or a second is over.
    mutating func refusal(of identity: Identity, at now: Duration) -> APIError? {
        guard let last = refusal(of: identity) else { return nil }
        guard now >= closedUntil else { return last }
        closedUntil = now + .seconds(1)
        return nil
    }

    /// Takes the end of a call; nil for an answer.
    mutating func ended(_ error: APIError?, as identity: Identity, at now: Duration, random: Double) {
        guard let error else { return reset() }
        guard error.isRefusal else {
            // A failed connection says nothing about the credentials.
            if error.code == .status { reset() }
            return
        }
        if self.identity != identity {
            reset()
            self.identity = identity
        }
        refusals += 1
        last = error
        if refusals > 1 { closedUntil = now + backOff.next(random: random) }
    }

    private mutating func reset() {
        identity = nil
        refusals = 0
        last = nil
        backOff.reset()
    }
}

extension APIError {
    /// Whether the server does not accept the client's credentials: 401, or an ended TLS handshake.
    package var isRefusal: Bool { isUnauthorized || code == .clientCertificateRefused }
}
