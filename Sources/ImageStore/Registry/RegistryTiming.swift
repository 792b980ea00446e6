import Timing

/// The timeouts and retries of the registry client.
struct RegistryTiming: Sendable, Hashable {
    /// The longest wait for the head of an answer.
    var answer: Duration = .seconds(60)
    /// The longest pause within a body.
    var stall: Duration = .seconds(60)
    /// The longest wait for a connection.
    var connect: Duration = .seconds(10)
    /// Repetitions of a request after a 429 or a server's own failure, and continuations of a broken body
    /// without a byte of progress in between.
    var retries = 4
    /// Continuations of one body in all, so that a server cannot send single bytes for ever.
    var continuations = 64
    /// The largest `Retry-After` that the client waits for.
    var longestRetryAfter: Duration = .seconds(60)
    /// The pauses between tries.
    var backOff = BackOff(initial: .seconds(1), maximum: .seconds(32))
}
