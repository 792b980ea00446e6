import KubeModel

/// The times of a pod's start, until all its containers have started once.
///
/// Of a pod that an agent has shown before, nothing is measured: its beginning is not known.
struct PodStart: Sendable {
    /// The times, in seconds, that are known from one status on.
    struct Measured: Equatable {
        /// From the pod's arrival at this agent until its phase became Running.
        var running: Double?
        /// From the pod's creation until each container had started.
        var total: Double?
        /// The same without pulls of images and the runs of init containers.
        var serviceLevel: Double?
    }

    private let arrived: Timestamp
    private var isRunning = false
    private var hasStarted: Bool
    private var pulls: [String: Timestamp] = [:]
    /// Spans that do not count towards the service level, in the order of their ends.
    private var spans: [(from: Timestamp, to: Timestamp)] = []

    /// - Parameter isNew: no agent has shown the pod before.
    init(arrived: Timestamp, isNew: Bool) {
        self.arrived = arrived
        hasStarted = !isNew
        isRunning = !isNew
    }

    /// The container's image is looked for, and pulled if need be.
    mutating func imageWanted(_ container: String, at now: Timestamp) {
        if !hasStarted, pulls[container] == nil { pulls[container] = now }
    }

    mutating func imageSettled(_ container: String, at now: Timestamp) {
        if let began = pulls.removeValue(forKey: container), !hasStarted { spans.append((began, now)) }
    }

    mutating func receive(_ status: PodStatus, created: Timestamp?, at now: Timestamp) -> Measured {
        var finding = Measured()
        guard status.phase?.isTerminal != true else {
            // A pod that is over before it was seen running has no start.
            (isRunning, hasStarted) = (true, true)
            return finding
        }
        if !isRunning, status.phase == .running {
            isRunning = true
            finding.running = max(0, now.timeInterval(since: arrived))
        }
        let containers = status.containerStatuses ?? []
        guard !hasStarted, let created, !containers.isEmpty, containers.allSatisfy({ $0.state.running != nil }) else { return finding }
        hasStarted = true
        // The clocks of node and API server may differ.
        let total = max(0, now.timeInterval(since: created))
        finding.total = total
        finding.serviceLevel = max(0, total - uncounted(status))
        (pulls, spans) = ([:], [])
        return finding
    }

    /// The length of all spans together, where they overlap only once.
    private func uncounted(_ status: PodStatus) -> Double {
        var all = spans
        for container in status.initContainerStatuses ?? [] {
            if let ended = container.state.terminated, let from = ended.startedAt, let to = ended.finishedAt { all.append((from, to)) }
        }
        var length = 0.0
        var covered: Timestamp?
        for span in all.sorted(by: { $0.from < $1.from }) where span.to > span.from {
            let from = covered.map { max($0, span.from) } ?? span.from
            if span.to > from { length += span.to.timeInterval(since: from) }
            covered = covered.map { max($0, span.to) } ?? span.to
        }
        return length
    }
}
