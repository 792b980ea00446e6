/// One image of an archive of `docker save` or of an OCI layout, as its documents describe it.
struct ArchivedImage: Sendable {
    struct Layer: Sendable {
        let file: String
        /// `nil` in an archive without digests: the configuration's digest of the unpacked layer decides there.
        let descriptor: Descriptor?
    }

    let id: ContentDigest
    let config: [UInt8]
    let manifests: [(digest: ContentDigest, bytes: [UInt8])]
    let layers: [Layer]
    /// Complete references; empty for an image that the archive names by nothing but its digest.
    let names: [String]
    /// Whether the archive lists an image that suits this machine better and lacks its blobs.
    var isSubstitute = false

    /// Reads the documents. Blocking.
    static func all(in folder: ArchiveFolder, limits: ImageLimits) throws(ImageStoreError) -> [ArchivedImage] {
        let names = try DockerManifest.read(folder, limits)
        if try folder.bytes("oci-layout", limit: 4096) != nil, let index = try folder.bytes("index.json", limit: limits.manifestBytes) {
            return try OCILayout(folder: folder, limits: limits, docker: names ?? []).images(index)
        }
        guard let names else {
            throw ImageStoreError(
                .malformed, "import", "the archive", "found neither manifest.json nor oci-layout, wanted an archive of 'docker save' or an OCI layout"
            )
        }
        return try names.map { (entry) throws(ImageStoreError) in try entry.image(folder, limits) }
    }
}
