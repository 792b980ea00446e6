import Synchronization
package import Timing

/// Spreads calls over time by a token bucket, in the order of their reservations.
package final class RateLimiter: Sendable {
    private let bucket: Mutex<TokenBucket>
    private let time: any TimeSource

    package init(rate: Double, burst: Int, time: any TimeSource) {
        bucket = Mutex(TokenBucket(rate: rate, burst: burst, now: time.now()))
        self.time = time
    }

    /// Waits for this caller's turn. Fails at once when the turn would come after `deadline`.
    func wait(until deadline: Deadline, operation: String, object: String) async throws {
        let delay = bucket.withLock { $0.reserve(now: time.now()) }
        guard delay > .zero else { return }
        guard delay < deadline.remaining else {
            bucket.withLock { $0.giveBack() }
            throw APIError(
                .timeout, operation: operation, object: object,
                reason: "the client-side rate limit would delay it past its deadline; raise kubeAPIQPS and kubeAPIBurst if this goes on")
        }
        do {
            try await time.sleep(for: delay)
        } catch {
            bucket.withLock { $0.giveBack() }
            throw error
        }
    }
}
