/// How many calls may start now: `burst` at once, `rate` a second in the long run. Pure; `now` is given.
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

    /// Takes one token, possibly one that is not there yet, and tells how long to wait for it.
    package mutating func reserve(now: Duration) -> Duration {
        if now > last {
            tokens = min(burst, tokens + (now - last) / .seconds(1) * rate)
            last = now
        }
        tokens -= 1
        return tokens >= 0 ? .zero : .seconds(-tokens / rate)
    }

    /// Gives a token back that was reserved and not used.
    package mutating func giveBack() {
        tokens = min(burst, tokens + 1)
    }
}
