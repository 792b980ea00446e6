package import PodCore

/// The limits of an image. An image beyond any of them is refused with one clear error.
package struct ImageLimits: Sendable, Hashable, Codable {
    /// Bytes of one manifest or index.
    package var manifestBytes = 4 << 20
    /// Bytes of one image configuration.
    package var configBytes: Int64 = 8 << 20
    /// Images that one index lists.
    package var indexEntries = 1000
    /// Layers of one image; overlayfs stacks at most 500.
    package var layers = 500
    /// Bytes of one compressed layer.
    package var layerBytes: Int64
    /// Bytes of all compressed layers of an image.
    package var imageBytes: Int64
    /// Bytes of one unpacked layer, and separately of its tar stream.
    package var unpackedBytes: Int64
    /// How many times larger than its compressed form a tar stream may be...
    package var ratio: Int64
    /// ...beyond this many bytes.
    package var ratioFreeBytes: Int64 = 512 << 20
    /// Entries of one layer.
    package var entries: Int
    /// Directories above one entry of a layer.
    package var depth: Int
    /// Bytes of extended attributes of one entry.
    package var attributeBytes = 1 << 20
    /// Bytes of /etc/passwd and of /etc/group.
    package var accountFileBytes = 4 << 20
    /// Seconds that unpacking one layer may take.
    package var unpackSeconds: Int64
    /// Bytes that stay free on the store's file system; `nil` for 1 GiB, but at most a twentieth of the file system.
    package var freeBytes: Int64?

    package init(_ caps: ImageCaps = ImageCaps()) {
        layerBytes = caps.layerSize
        imageBytes = caps.imageSize
        unpackedBytes = caps.unpackedLayerSize
        ratio = Int64(caps.layerRatio)
        entries = caps.layerEntries
        depth = caps.layerDepth
        unpackSeconds = max(1, caps.unpackTimeout.components.seconds)
        freeBytes = caps.freeSpace
    }

    /// The last part of a refusal: the setting that allows more.
    static func advice(_ setting: String) -> String { "; if this image is wanted, raise imageLimits.\(setting) of SwiftletConfiguration" }
}
