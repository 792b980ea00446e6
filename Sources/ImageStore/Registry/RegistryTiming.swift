import Timing

/// How patient the registry client is.
struct RegistryTiming: Sendable, Hashable {
    /// Until the head of an answer is there.
    var answer: Duration = .seconds(60)
    /// Without a single byte of a body.
    var stall: Duration = .seconds(30)
    /// Until a connection stands.
    var connect: Duration = .seconds(10)
    /// How often a request is sent again after a 429 or a server's own failure, and how often a broken body is continued
    /// without a byte of progress in between.
    var retries = 4
    /// How often one body is continued at all, so that a server cannot drip for ever.
    var continuations = 64
    /// The largest `Retry-After` that is waited for.
    var longestRetryAfter: Duration = .seconds(60)
    /// The pauses between tries.
    var backOff = BackOff(initial: .seconds(1), maximum: .seconds(32))
}
