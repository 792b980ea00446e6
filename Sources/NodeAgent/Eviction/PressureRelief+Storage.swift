import KubeModel
import MetricsStore
import PodCore
import Timing

extension PressureRelief {
    /// Ends the pods that have exceeded a limit of their local storage. Returns their uids.
    ///
    /// Only pods with such a limit are measured, and no more often than ``WalkPause`` allows.
    func enforceStorageLimits(_ layout: DiskLayout) async -> Set<String> {
        guard walks.allowsWalk(at: time.now()) else { return [] }
        let limited = await candidates { LocalStorageLimits($0.spec).exist }
        guard !limited.isEmpty else { return [] }
        let start = time.now()
        let usage = await parts.usage.usage(of: limited, of: .storage, logger)
        walks.walked(from: start, to: time.now())
        var evicted: Set<String> = []
        for (pod, _) in limited {
            guard let use = usage[pod.uid]?.disk, let eviction = LocalStorageLimits(pod.spec).violation(use, layout) else { continue }
            guard await evict(pod.uid, eviction) else { continue }
            parts.metrics.count(.evictions, LocalStorageLimits.signal(ofMessage: eviction.message))
            evicted.insert(pod.uid)
        }
        return evicted
    }
}
