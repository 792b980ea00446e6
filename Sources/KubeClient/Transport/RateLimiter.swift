import Synchronization
package import Timing

/// Spreads calls over time by a token bucket, in the order of a ``CallQueue``.
package final class RateLimiter: Sendable {
    private let queue: Mutex<CallQueue>
    private let time: any TimeSource

    package init(rate: Double, burst: Int, time: any TimeSource) {
        queue = Mutex(CallQueue(TokenBucket(rate: rate, burst: burst, now: time.now())))
        self.time = time
    }

    /// Waits for this caller's turn. Fails as soon as it is clear that the turn would come after `deadline`.
    func wait(_ priority: CallPriority, until deadline: Deadline, operation: String, object: String) async throws {
        let ticket = queue.withLock { $0.join(priority) }
        do {
            while true {
                let pause = queue.withLock { $0.turn(of: ticket, now: time.now()) }
                guard pause > .zero else { return }
                guard pause < deadline.remaining else {
                    throw APIError(
                        .timeout, operation: operation, object: object,
                        reason: "the client-side rate limit would delay it past its deadline; raise kubeAPIQPS and kubeAPIBurst if this goes on")
                }
                // A call that overtakes makes this sleep too short, so the turn is asked for again.
                try await time.sleep(for: pause)
            }
        } catch {
            queue.withLock { $0.leave(ticket) }
            throw error
        }
    }
}
