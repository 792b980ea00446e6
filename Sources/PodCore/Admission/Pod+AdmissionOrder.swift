package import KubeModel

extension Pod {
    /// The order in which pods that come together are admitted: older ones first (`PodsByCreationTime`), then by name.
    package static func isAdmittedBefore(_ left: Pod, _ right: Pod) -> Bool {
        let (mine, theirs) = (left.metadata.creationTimestamp?.seconds ?? .min, right.metadata.creationTimestamp?.seconds ?? .min)
        return mine == theirs ? left.key < right.key : mine < theirs
    }
}
