/// Spreads the walks through pods' folders, so that they take a tenth of the time at most.
struct WalkPause: Sendable {
    private static let share = 10

    private var notBefore = Duration.zero

    func allowsWalk(at now: Duration) -> Bool { now >= notBefore }

    mutating func walked(from start: Duration, to end: Duration) {
        notBefore = end + (end - start) * Self.share
    }
}
