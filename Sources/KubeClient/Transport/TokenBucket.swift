/// Limits the calls that may start: `burst` at once, `rate` a second in the long run. Pure: the time is a parameter.
package struct TokenBucket: Sendable {
    private let rate: Double
    private let burst: Double
    private var tokens: Double
    private var last: Duration

    /// `rate` is in calls a second and must be above 0.
    package init(rate: Double, burst: Int, now: Duration) {
        self.rate = rate
        self.burst = Double(max(1, burst))
        tokens = self.burst
        last = now
    }

    /// Takes one token, perhaps a future one, and returns the wait until it is due.
    package mutating func reserve(now: Duration) -> Duration {
        if now > last {
            tokens = min(burst, tokens + (now - last) / .seconds(1) * rate)
            last = now
        }
        tokens -= 1
        return tokens >= 0 ? .zero : .seconds(-tokens / rate)
    }

    /// Returns a reserved token that was not used.
    package mutating func giveBack() {
        tokens = min(burst, tokens + 1)
    }
}
