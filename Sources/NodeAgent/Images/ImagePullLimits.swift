/// How many images are pulled at the same time, and how fast pulls follow each other.
package struct ImagePullLimits: Sendable, Hashable {
    /// `nil` for any number.
    package let parallel: Int?
    /// Pulls a second in the long run; 0 for any number.
    package let rate: Int
    /// Pulls that may follow each other at once.
    package let burst: Int

    package init(parallel: Int? = nil, rate: Int = 0, burst: Int = 1) {
        self.parallel = parallel
        self.rate = rate
        self.burst = burst
    }
}
