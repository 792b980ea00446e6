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
            let descriptor: Descriptor
            /// As it is written, perhaps a tag alone; `nil` without one.
            let name: String?
            let isWholeName: Bool

            private enum CodingKeys: String, CodingKey { case annotations }

            init(from decoder: any Decoder) throws {
                descriptor = try Descriptor(from: decoder)
                let fields = try decoder.container(keyedBy: CodingKeys.self)
                let annotations = try fields.decodeIfPresent([String: String].self, forKey: .annotations) ?? [:]
                let whole = annotations["io.containerd.image.name"]
                name = whole ?? annotations["org.opencontainers.image.ref.name"]
                isWholeName = whole != nil || name.map { $0.contains("/") || $0.contains(":") } ?? false
            }
        }
        let manifests: [Entry]
    }

    /// - Throws: the problem of the first image that is damaged or not there, or of the last one when none is for this machine.
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
        for variants in Self.groups(of: entries) {
            do throws(ImageStoreError) {
                images.append(try image(variants))
            } catch {
                guard error.code == .unsupported else { throw error }
                foreign = error
            }
        }
        guard !images.isEmpty else { throw foreign }
        return images
    }

    /// Entries of one name, or of none, are one image for several machines if each of them is for another machine. Otherwise each is an image.
    private static func groups(of entries: [Index.Entry]) -> [[Index.Entry]] {
        var groups: [[Index.Entry]] = []
        var known: [String?: Int] = [:]
        for entry in entries where !entry.descriptor.isAttestation {
            if let group = known[entry.name] {
                groups[group].append(entry)
            } else {
                known[entry.name] = groups.count
                groups.append([entry])
            }
        }
        return groups.flatMap { group in
            let platforms = Set(group.compactMap(\.descriptor.platform))
            return platforms.count == group.count ? [group] : group.map { [$0] }
        }
    }

    private func image(_ variants: [Index.Entry]) throws(ImageStoreError) -> ArchivedImage {
        let found = try VariantSearch.image(among: variants.map(\.descriptor), in: folder, for: .host, limits: limits)
        let image = found.image
        return ArchivedImage(
            id: image.config.digest, config: image.config.bytes, manifests: image.manifests,
            layers: image.layers.map { .init(file: ArchiveFolder.blobName($0.digest), descriptor: $0) },
            names: try names(variants[0], image.config.digest), isSubstitute: found.isSubstitute)
    }

    /// A tag alone, as some programs write it, is not a name.
    private func names(_ entry: Index.Entry, _ config: ContentDigest) throws(ImageStoreError) -> [String] {
        if let name = entry.name, entry.isWholeName { return [try DockerManifest.complete(name)] }
        let tags = docker.first { $0.config == ArchiveFolder.blobName(config) }?.repoTags ?? []
        return try tags.map { (text) throws(ImageStoreError) in try DockerManifest.complete(text) }
    }
}
