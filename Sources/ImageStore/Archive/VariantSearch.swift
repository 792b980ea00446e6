/// Finds the image for a machine in an OCI layout, which may hold the blobs of some of the listed platforms alone.
struct VariantSearch {
    typealias Document = (digest: ContentDigest, bytes: [UInt8])

    /// An image whose documents are in the layout.
    struct Candidate {
        /// 0 for best.
        let rank: Int
        /// Whether all layers are in the layout. The store may have the others.
        let isWhole: Bool
        let config: Document
        /// From the top to the image.
        let manifests: [Document]
        let layers: [Descriptor]

        fileprivate var order: (Int, Int) { (isWhole ? 0 : 1, rank) }
    }

    /// The image that was found.
    struct Found {
        let image: Candidate
        /// Whether the layout lists an image that suits the machine better and lacks its blobs.
        let isSubstitute: Bool
    }

    /// An index of indexes, as registries allow it.
    private static let mostDocuments = 3

    private let folder: ArchiveFolder
    private let limits: ImageLimits
    private let platform: Platform
    private var candidates: [Candidate] = []
    private var missing: (rank: Int, error: ImageStoreError)?
    private var foreign: ImageStoreError?
    private var documents = 0

    private init(_ folder: ArchiveFolder, _ limits: ImageLimits, _ platform: Platform) {
        self.folder = folder
        self.limits = limits
        self.platform = platform
    }

    /// Returns the best image with all its blobs, or else the best one whose documents are there. Blocking.
    /// - Throws: `notFound` if blobs are missing, `unsupported` if nothing listed is an image for the machine, and the problem of a damaged document.
    static func image(
        among entries: [Descriptor], in folder: ArchiveFolder, for platform: Platform, limits: ImageLimits
    ) throws(ImageStoreError) -> Found {
        var search = VariantSearch(folder, limits, platform)
        do throws(ImageStoreError) {
            try search.look(at: entries, of: "index.json", below: [])
        } catch {
            guard error.code == .unsupported else { throw error }
            search.foreign = error
        }
        guard let best = search.candidates.min(by: { $0.order < $1.order }) else {
            throw search.missing?.error ?? search.foreign ?? PlatformChoice.failure(entries, for: platform, object: "index.json")
        }
        let isBetterMissing = search.missing.map { $0.rank < best.rank } ?? false
        return Found(image: best, isSubstitute: isBetterMissing || search.candidates.contains { $0.rank < best.rank })
    }

    private mutating func look(at entries: [Descriptor], of object: String, below above: [Document]) throws(ImageStoreError) {
        let choice = PlatformChoice(entries, for: platform)
        let usable = choice.images + choice.indexes + choice.open
        guard !usable.isEmpty else { throw PlatformChoice.failure(entries, for: platform, object: object) }
        for entry in usable {
            do throws(ImageStoreError) {
                try look(at: entry, below: above)
            } catch {
                switch error.code {
                case .notFound:
                    let rank = entry.platform.flatMap { platform.rank(of: $0) } ?? 0
                    if rank < missing?.rank ?? .max { missing = (rank, error) }
                // Images for other machines, and what is not an image.
                case .unsupported: foreign = error
                default: throw error
                }
            }
        }
    }

    private mutating func look(at entry: Descriptor, below above: [Document]) throws(ImageStoreError) {
        guard above.count < Self.mostDocuments else {
            throw ImageStoreError(.malformed, "import", "\(entry.digest)", "found an index of indexes of indexes, wanted an image")
        }
        documents += 1
        guard documents <= limits.indexEntries else {
            throw ImageStoreError(
                .tooLarge, "import", "\(entry.digest)", "found more than \(limits.indexEntries) manifests for one image, wanted fewer")
        }
        let bytes = try folder.blob(entry.digest, limit: limits.manifestBytes)
        let manifests = above + [(digest: entry.digest, bytes: bytes)]
        switch try ManifestDocument(bytes, contentType: "", object: "\(entry.digest)", limits: limits) {
        case .index(let inner): try look(at: inner, of: "\(entry.digest)", below: manifests)
        case .artifact:
            throw ImageStoreError(
                .unsupported, "import", "\(entry.digest)", "found an artifact, wanted an image: artifacts come from registries alone")
        case .image(let config, let layers):
            let content = try folder.blob(config.digest, limit: Int(limits.configBytes))
            _ = try ImageConfigurationDocument(content, layers: layers.count, platform: platform, object: "\(config.digest)")
            let machine = entry.platform ?? ImageConfigurationDocument.platform(of: content)
            candidates.append(
                Candidate(
                    rank: machine.flatMap { platform.rank(of: $0) } ?? .max,
                    isWhole: layers.allSatisfy { folder.has(ArchiveFolder.blobName($0.digest)) }, config: (config.digest, content),
                    manifests: manifests, layers: layers))
        }
    }
}
