package import PodCore

/// The space of the volume that a claim is bound to.
package struct ClaimFigures: Sendable, Hashable {
    package let namespace: String
    package let claim: String
    package let statistics: VolumeStatistics

    package init(namespace: String, claim: String, statistics: VolumeStatistics) {
        self.namespace = namespace
        self.claim = claim
        self.statistics = statistics
    }
}
