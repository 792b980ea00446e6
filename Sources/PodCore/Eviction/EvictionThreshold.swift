/// How little of a resource may be left before the node acts.
package struct EvictionThreshold: Sendable, Hashable {
    package let signal: EvictionSignal
    /// The node acts when less than this is available.
    package let value: EvictionAmount
    /// How long there has to be less before pods are ended; zero makes the threshold a hard one.
    package let grace: Duration
    /// How much more than `value` has to be available before the node stops.
    package let minimumReclaim: EvictionAmount?

    package init(_ signal: EvictionSignal, _ value: EvictionAmount, grace: Duration = .zero, minimumReclaim: EvictionAmount? = nil) {
        self.signal = signal
        self.value = value
        self.grace = grace
        self.minimumReclaim = minimumReclaim
    }

    package var isHard: Bool { grace == .zero }

    func isMet(by room: NodeRoom, untilReclaimed: Bool) -> Bool {
        guard let observed = signal.amount(in: room) else { return false }
        var wanted = value.amount(of: observed.capacity)
        if untilReclaimed, let minimumReclaim { wanted = wanted.addingClamped(minimumReclaim.amount(of: observed.capacity)) }
        return wanted > observed.available
    }
}

extension Int64 {
    fileprivate func addingClamped(_ other: Int64) -> Int64 {
        let (sum, overflows) = addingReportingOverflow(other)
        return overflows ? .max : sum
    }
}
