extension RegistrySession {
    /// An image for one machine, or an artifact: the manifest that the reference names, and the manifest that it leads to.
    struct Resolved: Sendable {
        enum Content: Sendable {
            case image(config: Descriptor, layers: [Descriptor])
            case artifact([ArtifactFile])
        }

        let top: Manifest
        let image: Manifest
        let content: Content
    }

    private static let deepestIndex = 3
    private static let mostIndexes = 16
    private static let mostOpenEntries = 8

    /// From a manifest to the image manifest for a machine, through indexes and indexes of indexes.
    nonisolated func image(
        of top: Manifest, for platform: Platform, object: String, limits: ImageLimits
    ) async throws -> Resolved {
        guard case .index(let entries) = top.document else { return try Self.resolved(top, top, object) }
        let leaves = try await leaves(of: entries, for: platform, object: object, limits: limits)
        let choice = PlatformChoice(leaves, for: platform)
        if let best = choice.images.first {
            return try Self.resolved(top, try await manifest(of: best, object, limits), object)
        }
        var chosen: (rank: Int, image: Resolved)?
        for entry in choice.open.prefix(Self.mostOpenEntries) {
            let found = try Self.resolved(top, try await manifest(of: entry, object, limits), object)
            // The configuration of the only entry is checked when it is read.
            if choice.open.count == 1 { return found }
            guard case .image(let descriptor, _) = found.content else { continue }
            let config = try await content(descriptor)
            guard let machine = ImageConfigurationDocument.platform(of: config), let rank = platform.rank(of: machine) else { continue }
            if rank < chosen?.rank ?? .max { chosen = (rank, found) }
        }
        guard let chosen else { throw PlatformChoice.failure(leaves, for: platform, object: object) }
        return chosen.image
    }

    /// The images of an index and of the indexes in it. An inner index for another machine is not fetched.
    private nonisolated func leaves(
        of entries: [Descriptor], for platform: Platform, object: String, limits: ImageLimits
    ) async throws -> [Descriptor] {
        var leaves: [Descriptor] = []
        var level = entries
        var fetched = 0
        for depth in 1...Self.deepestIndex {
            leaves += level.filter { !MediaType.isIndex($0.mediaType) }
            let inner = PlatformChoice(level, for: platform).indexes
            if inner.isEmpty { return leaves }
            guard depth < Self.deepestIndex else { break }
            fetched += inner.count
            guard fetched <= Self.mostIndexes else {
                throw ImageStoreError(
                    .tooLarge, "read manifest", object, "found more than \(Self.mostIndexes) indexes in an index, wanted fewer")
            }
            level = []
            for entry in inner {
                guard case .index(let found) = try await manifest(of: entry, object, limits).document else {
                    throw ImageStoreError(.malformed, "read manifest", object, "found an image where the index names another index: \(entry.digest)")
                }
                level += found
            }
            guard leaves.count + level.count <= limits.indexEntries else {
                throw ImageStoreError(
                    .tooLarge, "read manifest", object, "found \(leaves.count + level.count) manifests, wanted at most \(limits.indexEntries)")
            }
        }
        throw ImageStoreError(.malformed, "read manifest", object, "found an index of indexes of indexes, wanted an image")
    }

    private nonisolated func manifest(of entry: Descriptor, _ object: String, _ limits: ImageLimits) async throws -> Manifest {
        guard entry.size >= 0, entry.size <= Int64(limits.manifestBytes) else {
            throw ImageStoreError(
                .tooLarge, "read manifest", object, "found a manifest of \(entry.size) bytes, wanted at most \(limits.manifestBytes)")
        }
        if let bytes = await kept(entry.digest) {
            let document = try ManifestDocument(bytes, contentType: entry.mediaType, object: object, limits: limits)
            return Manifest(document: document, digest: entry.digest, bytes: bytes)
        }
        return try await manifest("\(entry.digest)", digest: entry.digest, limits: limits)
    }

    private static func resolved(_ top: Manifest, _ image: Manifest, _ object: String) throws(ImageStoreError) -> Resolved {
        switch image.document {
        case .image(let config, let layers): return Resolved(top: top, image: image, content: .image(config: config, layers: layers))
        case .artifact(let files): return Resolved(top: top, image: image, content: .artifact(files))
        case .index: throw ImageStoreError(.malformed, "read manifest", object, "found an index where an index names an image: \(image.digest)")
        }
    }
}
