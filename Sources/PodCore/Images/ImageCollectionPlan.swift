/// The images that may be removed, in the order of their removal: least recently used first.
package struct ImageCollectionPlan: Sendable, Hashable {
    package let candidates: [StoredImage]
    /// The IDs of the images that pods use.
    package let used: Set<String>

    /// Directories that stay in any case.
    package let directories: Set<String>

    package init(_ images: [StoredImage], used: UsedImages) {
        self.used = Set(images.filter { used.contains($0.image) }.map(\.image.id))
        directories = used.directories(among: images)
        candidates = images.filter { !$0.isPinned && !used.contains($0.image) }
            .sorted { ($0.lastUse, $1.idle, $0.image.id) < ($1.lastUse, $0.idle, $1.image.id) }
    }

    /// The candidates that no container has used for longer than the maximum age.
    /// - Parameter now: seconds since 1970.
    /// - Parameter running: how long this agent has looked: before that, it cannot say how long an image has been unused.
    package func tooOld(_ policy: ImageCollectionPolicy, now: Int64, running: Duration) -> [StoredImage] {
        guard policy.maximumAge > .zero, running > policy.maximumAge else { return [] }
        return candidates.filter { .seconds(now - $0.lastUse) > policy.maximumAge }
    }

    /// The candidates that are old enough to be removed for their room.
    package func forRoom(_ policy: ImageCollectionPolicy) -> [StoredImage] { candidates.filter { $0.idle >= policy.minimumAge } }
}
