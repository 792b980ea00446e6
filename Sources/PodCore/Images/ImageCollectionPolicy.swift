/// The rules of the image garbage collection, by kubelet's configuration.
package struct ImageCollectionPolicy: Sendable, Hashable {
    /// How long a download that does not go on is kept.
    package static let downloadAge = Duration.seconds(24 * 3600)

    /// The part of the disk in use, in percent, from which images are removed. 100 turns this off.
    package var highThreshold: Int
    /// The part down to which they are removed.
    package var lowThreshold: Int
    /// An image that came or was asked for within this time stays.
    package var minimumAge: Duration
    /// An image that no container has used for longer is removed however much room there is. Zero turns this off.
    package var maximumAge: Duration

    package init(
        highThreshold: Int = 85, lowThreshold: Int = 80, minimumAge: Duration = .seconds(120), maximumAge: Duration = .zero
    ) {
        self.highThreshold = highThreshold
        self.lowThreshold = lowThreshold
        self.minimumAge = minimumAge
        self.maximumAge = maximumAge
    }

    /// Returns the bytes to free, `nil` while less than the high threshold is in use.
    package func bytesToFree(_ space: ImageSpace) -> Int64? {
        guard highThreshold < 100, space.capacity > 0, usedPercent(space) >= highThreshold else { return nil }
        return bytesToLowThreshold(space)
    }

    /// Returns the bytes to free for a pull that has found too little room; zero when there is enough by now, `nil` when nothing is to be removed for pulls.
    /// - Parameter free: the bytes that the pull wants free, as far as it knows.
    package func bytesToFree(_ space: ImageSpace, forPull free: Int64?) -> Int64? {
        guard highThreshold < 100, space.capacity > 0 else { return nil }
        let missing = free.map { $0 - space.available } ?? 1
        return missing > 0 ? max(missing, bytesToLowThreshold(space)) : 0
    }

    private func bytesToLowThreshold(_ space: ImageSpace) -> Int64 {
        max(0, Self.part(Int64(100 - lowThreshold), of: space.capacity, outOf: 100) - space.available)
    }

    /// A disk without capacity is not in use.
    package func usedPercent(_ space: ImageSpace) -> Int {
        space.capacity > 0 ? 100 - Int(Self.part(100, of: space.available, outOf: space.capacity)) : 0
    }

    private static func part(_ factor: Int64, of value: Int64, outOf whole: Int64) -> Int64 {
        whole.dividingFullWidth(value.multipliedFullWidth(by: factor)).quotient
    }
}
