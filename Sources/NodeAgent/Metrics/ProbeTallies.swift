package import Exposition
import MetricsStore
package import PodCore

/// How the probes of one pod have gone, by container and kind. They are numbers beside the pod's worker, and go with it.
package struct ProbeTallies: Sendable {
    package struct Tally: Sendable {
        package let container: String
        package let kind: ProbeKind
        package private(set) var successes: UInt64 = 0
        package private(set) var failures: UInt64 = 0
        /// Seconds of the successful runs, as kubelet counts them.
        package private(set) var durations = Histogram(bounds: MetricFamily.probeDuration.bounds)

        init(container: String, kind: ProbeKind) {
            self.container = container
            self.kind = kind
        }

        mutating func note(isSuccess: Bool, seconds: Double) {
            guard isSuccess else {
                failures += 1
                return
            }
            successes += 1
            durations.observe(seconds)
        }
    }

    /// A pod has few probes: looking through them costs less than any table.
    package private(set) var all: [Tally] = []

    /// A run that says nothing about its container counts nowhere, as with kubelet.
    mutating func note(_ kind: ProbeKind, of container: String, _ result: ProbeResult, seconds: Double) {
        let isSuccess: Bool
        switch result {
        case .success: isSuccess = true
        case .failure: isSuccess = false
        case .unknown: return
        }
        guard let index = all.firstIndex(where: { $0.kind == kind && $0.container == container }) else {
            var tally = Tally(container: container, kind: kind)
            tally.note(isSuccess: isSuccess, seconds: seconds)
            return all.append(tally)
        }
        all[index].note(isSuccess: isSuccess, seconds: seconds)
    }
}
