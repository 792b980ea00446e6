/// Exponential pauses between tries, each stretched by a random part so that many clients do not come back at once.
package struct JitteredBackoff: Sendable {
    private let base: Duration
    private let longest: Duration
    /// How much longer than the plain pause it may get, as a part of it.
    private let jitter: Double
    private var failures = 0

    package init(base: Duration = .seconds(1), longest: Duration = .seconds(30), jitter: Double = 1) {
        self.base = base
        self.longest = longest
        self.jitter = jitter
    }

    /// The pause after one more failure. `random` is from 0 up to 1.
    package mutating func next(random: Double) -> Duration {
        var pause = base
        for _ in 0..<failures where pause < longest { pause *= 2 }
        failures += 1
        return min(longest, min(pause, longest) * (1 + jitter * random))
    }

    package mutating func reset() { failures = 0 }
    package var hasFailed: Bool { failures > 0 }
}
