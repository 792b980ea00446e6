/// The limits of one image that an operator may change, `imageLimits` of SwiftletConfiguration. Sizes are bytes.
package struct ImageCaps: Sendable, Hashable {
    /// How many times larger than its compressed form a layer may become. No content reaches this with gzip.
    package var layerRatio = 2000
    /// Of one compressed layer.
    package var layerSize: Int64 = 512 << 30
    /// Of all compressed layers of an image.
    package var imageSize: Int64 = 1 << 40
    package var unpackedLayerSize: Int64 = 1 << 40
    /// Files, directories and links of one layer.
    package var layerEntries = 500_000
    /// Directories above one entry.
    package var layerDepth = 256
    /// For unpacking one layer.
    package var unpackTimeout = Duration.seconds(3600)
    /// Bytes that stay free on the store's disk; `nil` for 1 GiB, but at most a twentieth of the disk.
    package var freeSpace: Int64?

    package init() {}
}
