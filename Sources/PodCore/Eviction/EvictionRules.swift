/// When and how a node ends pods for want of resources: its configuration.
package struct EvictionRules: Sendable, Hashable {
    /// The configured thresholds, and those that follow from them.
    private let configured: [EvictionThreshold]
    /// How long a condition stays after its last cause.
    package let transitionPeriod: Duration
    /// The longest grace period, in seconds, of pods that are ended for a soft threshold.
    package let maxPodGrace: Int64

    /// - Parameter limitsPods: all pods together have a limit, at whose memory they are ended as well.
    package init(
        _ thresholds: [EvictionThreshold] = [], limitsPods: Bool = false, transitionPeriod: Duration = .seconds(300), maxPodGrace: Int64 = 0
    ) {
        var all = thresholds
        if limitsPods {
            all += thresholds.filter { $0.signal == .memoryAvailable && $0.isHard }
                .map { EvictionThreshold(.allocatableMemoryAvailable, $0.value, minimumReclaim: $0.minimumReclaim) }
        }
        configured = all
        self.transitionPeriod = transitionPeriod
        self.maxPodGrace = maxPodGrace
    }

    /// Returns the thresholds for a layout. Those of writable layers are always those of the file system that holds them
    /// (`UpdateContainerFsThresholds`), in place of configured ones.
    package func thresholds(_ layout: DiskLayout) -> [EvictionThreshold] {
        let isWithImages = layout.hasImageFileSystem && !layout.splitsContainers
        let sources: [(EvictionSignal, EvictionSignal)] = [
            (.containerFileSystemAvailable, isWithImages ? .imageFileSystemAvailable : .nodeFileSystemAvailable),
            (.containerFileSystemInodesFree, isWithImages ? .imageFileSystemInodesFree : .nodeFileSystemInodesFree),
        ]
        let others = configured.filter { threshold in !sources.contains { $0.0 == threshold.signal } }
        let derived = sources.flatMap { signal, source in
            others.filter { $0.signal == source }
                .map { EvictionThreshold(signal, $0.value, grace: $0.grace, minimumReclaim: $0.minimumReclaim) }
        }
        return others + derived
    }

    /// Seconds that a pod gets which is ended for this threshold.
    func grace(for threshold: EvictionThreshold, podGrace: Int64?) -> Int64 {
        if threshold.isHard { return PodEviction.immediateGrace }
        return min(maxPodGrace, podGrace ?? maxPodGrace)
    }
}
