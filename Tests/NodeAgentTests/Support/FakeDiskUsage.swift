import PodCore
import Synchronization
import TestSupport
import Timing

/// Pods whose local storage the test decides. Each look takes some time.
final class FakeDiskUsage: PodDiskUsage {
    struct State {
        /// By the pods' names; others have nothing.
        var used: [String: PodDiskUse] = [:]
        var takes = Duration.zero
    }

    let looks = Journal<PodStorage>()
    let state = Mutex(State())
    private let time: ManualTime

    init(time: ManualTime) {
        self.time = time
    }

    func diskUse(of pod: PodStorage) async throws(VolumeFailure) -> PodDiskUse {
        let (used, takes) = state.withLock { ($0.used[pod.pod.name], $0.takes) }
        if takes > .zero { time.advance(by: takes) }
        looks.note(pod)
        return used ?? PodDiskUse()
    }
}
