/// An image or artifact that is about to enter the store: everything but its layers.
struct NewImage: Sendable {
    /// Digest of the configuration, or of an artifact's manifest: artifacts share an empty configuration.
    let id: ContentDigest
    /// The document with that digest.
    let config: [UInt8]
    let document: ImageConfigurationDocument
    /// Lowest first. The content of an artifact's files.
    let layers: [Descriptor]
    /// Of an artifact.
    var files: [ArtifactFile] = []
    /// The manifests that led to the image; empty where it came without one.
    let manifests: [(digest: ContentDigest, bytes: [UInt8])]
    let names: [String]
    let repoDigests: [String]
    let isPinned: Bool
    /// The credential of the pull by the image's repository; `nil` for an image that is imported.
    var access: [String: AccessRecord]?

    /// Chain IDs, lowest first.
    var chain: [ContentDigest] {
        var chain: [ContentDigest] = []
        for diffID in document.diffIDs { chain.append(ContentHasher.chain(chain.last, diffID)) }
        return chain
    }

    var record: StoreIndex.Image {
        var digests: [ContentDigest] = []
        for manifest in manifests where !digests.contains(manifest.digest) { digests.append(manifest.digest) }
        return StoreIndex.Image(
            names: names, repoDigests: repoDigests, manifests: digests, size: layers.reduce(Int64(config.count)) { $0 + $1.size },
            config: document.config, layers: chain, pinned: isPinned ? true : nil, access: access,
            artifact: files.isEmpty ? nil : true)
    }
}
