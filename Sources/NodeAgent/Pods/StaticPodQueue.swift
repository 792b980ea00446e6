/// The steps of static pods, one at a time: the end of a pod must find the pod that the step before it has made.
struct StaticPodQueue: Sendable {
    var handOver = StaticHandOver()
    private var steps: [StaticHandOver.Step] = []
    private var isBusy = false

    /// Returns whether the caller has to take the steps; otherwise another caller is about it.
    mutating func add(_ more: [StaticHandOver.Step]) -> Bool {
        steps += more
        guard !isBusy else { return false }
        isBusy = true
        return true
    }

    /// Returns `nil` when there are no more steps.
    mutating func next() -> StaticHandOver.Step? {
        if steps.isEmpty {
            isBusy = false
            return nil
        }
        return steps.removeFirst()
    }
}
