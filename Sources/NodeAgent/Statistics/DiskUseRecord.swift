import KubeModel
package import PodCore
import Synchronization
package import Timing

/// Measures the local storage of pods, and remembers the last answer for each pod, so that what eviction measures is not measured again for metrics.
package final class DiskUseRecord: PodDiskUsage {
    /// The most pods that are remembered: more than run on a node.
    private static let most = 1024

    private let meter: any PodDiskUsage
    private let time: any TimeSource
    private let answers = Mutex<[String: PodMeasurement.DiskFigures]>([:])

    package init(_ meter: any PodDiskUsage, time: any TimeSource) {
        self.meter = meter
        self.time = time
    }

    package func diskUse(of pod: PodStorage) async throws(VolumeFailure) -> PodDiskUse {
        let use = try await meter.diskUse(of: pod)
        answers.withLock { answers in
            answers[pod.pod.uid] = PodMeasurement.DiskFigures(use: use, measuredAt: time.wallTime())
            // Pods that have gone are forgotten when somebody asks for figures; without that, by their age.
            if answers.count > Self.most, let oldest = answers.min(by: { $0.value.measuredAt < $1.value.measuredAt }) {
                answers[oldest.key] = nil
            }
        }
        return use
    }

    /// The last answers by pod UID.
    var last: [String: PodMeasurement.DiskFigures] { answers.withLock { $0 } }

    /// Forgets all pods but these.
    func keep(_ uids: Set<String>) { answers.withLock { $0 = $0.filter { uids.contains($0.key) } } }
}
