package import KubeModel

/// A claim with the volume that it names, as far as the API server has that.
package struct BoundClaim: Sendable, Hashable, Codable {
    package var claim: PersistentVolumeClaim
    package var volume: PersistentVolume?

    package init(claim: PersistentVolumeClaim, volume: PersistentVolume? = nil) {
        self.claim = claim
        self.volume = volume
    }
}
