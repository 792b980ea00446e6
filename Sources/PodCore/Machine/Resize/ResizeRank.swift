import KubeModel

/// The order in which waiting resizes are reviewed when room becomes free, the first being the least: those that ask for no more than they have, the
/// pods of higher priority, guaranteed pods, and the longest waiting (`sortPendingResizes`).
package struct ResizeRank: Sendable, Comparable {
    let grows: Bool
    let priority: Int
    let isGuaranteed: Bool
    let since: Timestamp?

    package static func < (left: ResizeRank, right: ResizeRank) -> Bool {
        if left.grows != right.grows { return !left.grows }
        if left.priority != right.priority { return left.priority > right.priority }
        if left.isGuaranteed != right.isGuaranteed { return left.isGuaranteed }
        return (left.since?.seconds ?? .max) < (right.since?.seconds ?? .max)
    }
}
