import FoundationEssentials
import PodCore

/// The images of an OCI image layout.
struct OCILayout {
    let folder: ArchiveFolder
    let limits: ImageLimits
    /// The names that an archive of `docker save` gives beside the layout.
    let docker: [DockerManifest]

    private struct Index: Decodable {
        struct Entry: Decodable {
            let digest: ContentDigest
            let size: Int64
            let annotations: [String: String]?
        }
        let manifests: [Entry]
    }

    /// - Throws: the problem of the first image that is damaged, or of the last one when none is for this machine.
    func images(_ index: [UInt8]) throws(ImageStoreError) -> [ArchivedImage] {
        let entries: [Index.Entry]
        do {
            entries = try JSONDecoder().decode(Index.self, from: Data(index)).manifests
        } catch {
            throw ImageStoreError(.malformed, "import", "index.json", "found no index as JSON: \(DecodingFailure.text(error))")
        }
        guard entries.count <= limits.indexEntries else {
            throw ImageStoreError(.tooLarge, "import", "index.json", "found \(entries.count) manifests, wanted at most \(limits.indexEntries)")
        }
        var images: [ArchivedImage] = []
        var foreign = ImageStoreError(.malformed, "import", "index.json", "found no image")
        for entry in entries {
            do throws(ImageStoreError) {
                images.append(try image(entry))
            } catch {
                // Images for other machines, and what is not an image.
                guard error.code == .unsupported else { throw error }
                foreign = error
            }
        }
        guard !images.isEmpty else { throw foreign }
        return images
    }

    private func image(_ entry: Index.Entry) throws(ImageStoreError) -> ArchivedImage {
        var digest = entry.digest
        var manifests: [(digest: ContentDigest, bytes: [UInt8])] = []
        // An index of indexes, as registries allow it.
        for _ in 0..<3 {
            let bytes = try folder.blob(digest, limit: limits.manifestBytes)
            manifests.append((digest, bytes))
            switch try ManifestDocument(bytes, contentType: "", object: "\(digest)", limits: limits) {
            case .index(let list): digest = try ManifestDocument.select(list, for: .host, object: "\(digest)").digest
            case .artifact:
                throw ImageStoreError(.unsupported, "import", "\(digest)", "found an artifact, wanted an image: artifacts come from registries alone")
            case .image(let config, let layers):
                let content = try folder.blob(config.digest, limit: Int(limits.configBytes))
                _ = try ImageConfigurationDocument(content, layers: layers.count, platform: .host, object: "\(config.digest)")
                return ArchivedImage(
                    id: config.digest, config: content, manifests: manifests,
                    layers: layers.map { .init(file: ArchiveFolder.blobName($0.digest), descriptor: $0) }, names: try names(entry, config.digest))
            }
        }
        throw ImageStoreError(.malformed, "import", "\(entry.digest)", "found an index of indexes of indexes, wanted an image")
    }

    /// A tag alone, as some programs write it, is not a name.
    private func names(_ entry: Index.Entry, _ config: ContentDigest) throws(ImageStoreError) -> [String] {
        let annotations = entry.annotations ?? [:]
        if let name = annotations["io.containerd.image.name"] { return [try DockerManifest.complete(name)] }
        if let name = annotations["org.opencontainers.image.ref.name"], name.contains("/") || name.contains(":") {
            return [try DockerManifest.complete(name)]
        }
        let tags = docker.first { $0.config == ArchiveFolder.blobName(config) }?.repoTags ?? []
        return try tags.map { (text) throws(ImageStoreError) in try DockerManifest.complete(text) }
    }
}
