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
    package var layerBytes: Int64 = 32 << 30
    /// Bytes of all compressed layers of an image.
    package var imageBytes: Int64 = 64 << 30
    /// Bytes of one unpacked layer, and separately of its tar stream.
    package var unpackedBytes: Int64 = 64 << 30
    /// How many times larger than its compressed form a tar stream may be...
    package var ratio: Int64 = 200
    /// ...beyond this many bytes.
    package var ratioFreeBytes: Int64 = 512 << 20
    /// Entries of one layer.
    package var entries = 2_000_000
    /// Bytes of extended attributes of one entry.
    package var attributeBytes = 1 << 20
    /// Bytes of /etc/passwd and of /etc/group.
    package var accountFileBytes = 4 << 20
    /// Seconds that unpacking one layer may take.
    package var unpackSeconds: Int64 = 3600

    package init() {}
}
