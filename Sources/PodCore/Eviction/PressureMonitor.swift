/// Follows the node's resources from one look to the next, and decides which shortages there are and which one to relieve (kubelet's
/// `synchronize`, without its actions).
package struct PressureMonitor: Sendable {
    package struct Finding: Sendable, Hashable {
        /// The shortages, and those whose last cause is not long enough past.
        package let pressures: NodePressures
        /// Thresholds that are met and whose grace period is over, in the order in which they are relieved.
        package let exceeded: [EvictionThreshold]
    }

    private let transitionPeriod: Duration
    /// Since when each threshold has been met without interruption.
    private var metSince: [EvictionThreshold: Duration] = [:]
    /// When each pressure last had a cause.
    private var lastCause: [NodePressure: Duration] = [:]
    /// Thresholds whose minimum has to be reclaimed before they count as no longer met.
    private var unresolved: [EvictionThreshold] = []
    /// When each signal was last measured.
    private var measuredAt: [EvictionSignal: Duration] = [:]

    package init(transitionPeriod: Duration) {
        self.transitionPeriod = transitionPeriod
    }

    /// Takes in one look at the node.
    /// - Parameter observedAt: when the figures were measured. Those of an earlier look lead to no eviction: one that has begun may not show yet.
    package mutating func receive(_ room: NodeRoom, _ thresholds: [EvictionThreshold], observedAt: Duration, at now: Duration) -> Finding {
        var met = thresholds.filter { $0.isMet(by: room, untilReclaimed: false) }
        met += unresolved.filter { $0.isMet(by: room, untilReclaimed: true) && !met.contains($0) }
        metSince = Dictionary(met.map { ($0, metSince[$0] ?? now) }) { $1 }
        for threshold in met { lastCause[threshold.signal.pressure] = now }
        unresolved = met.filter { now - (metSince[$0] ?? now) >= $0.grace }
        let fresh = unresolved.filter { threshold in measuredAt[threshold.signal].map { $0 < observedAt } ?? true }
        for threshold in thresholds where threshold.signal.amount(in: room) != nil { measuredAt[threshold.signal] = observedAt }
        return Finding(pressures: pressures(room, thresholds, at: now), exceeded: Self.ordered(fresh))
    }

    private func pressures(_ room: NodeRoom, _ thresholds: [EvictionThreshold], at now: Duration) -> NodePressures {
        var states: [NodePressure: NodePressures.State] = [:]
        for pressure in NodePressure.allCases {
            if let cause = lastCause[pressure], now - cause < transitionPeriod {
                states[pressure] = .present
                continue
            }
            let signals = Set(thresholds.map(\.signal).filter { $0.pressure == pressure && !$0.isInapplicable(in: room) })
            guard !signals.isEmpty, signals.allSatisfy({ $0.amount(in: room) == nil }) else { continue }
            states[pressure] = .unknown(message: room.problems.isEmpty ? "not measured" : room.problems.joined(separator: "; "))
        }
        return NodePressures(states)
    }

    /// A hard threshold of a signal before a soft one: it allows less time.
    private static func ordered(_ thresholds: [EvictionThreshold]) -> [EvictionThreshold] {
        EvictionSignal.allCases.flatMap { signal in thresholds.filter { $0.signal == signal }.sorted { $0.isHard && !$1.isHard } }
    }

    /// Whether the node needs no more room, after something was removed.
    package static func isRelieved(_ room: NodeRoom, _ thresholds: [EvictionThreshold]) -> Bool {
        !thresholds.contains { $0.isMet(by: room, untilReclaimed: true) }
    }
}
