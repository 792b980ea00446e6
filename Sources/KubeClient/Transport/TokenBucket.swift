/// Limits what may happen: `burst` at once, `rate` a second in the long run. Pure: the time is a parameter.
package struct TokenBucket: Sendable {
    /// Tokens; makes up for what a sleep of exactly the wait loses to rounding.
    private static let tolerance = 1e-6

    private let rate: Double
    private let burst: Double
    private var tokens: Double
    private var last: Duration

    /// `rate` is in tokens a second and must be above 0.
    package init(rate: Double, burst: Int, now: Duration) {
        self.rate = rate
        self.burst = Double(max(1, burst))
        tokens = self.burst
        last = now
    }

    /// Takes one token if there is one.
    package mutating func take(now: Duration) -> Bool {
        guard wait(for: 1, now: now) == .zero else { return false }
        tokens -= 1
        return true
    }

    /// Returns the time until there are `count` tokens if nothing is taken: zero if there are.
    package mutating func wait(for count: Int, now: Duration) -> Duration {
        if now > last {
            tokens = min(burst, tokens + (now - last) / .seconds(1) * rate)
            last = now
        }
        let missing = Double(count) - tokens
        return missing > Self.tolerance ? .seconds(missing / rate) : .zero
    }
}
