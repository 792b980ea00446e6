import PodCore

/// The store's table of contents, the content of `index.json`.
struct StoreIndex: Sendable, Hashable, Codable {
    struct Layer: Sendable, Hashable, Codable {
        /// Digest of the uncompressed layer.
        let diffID: ContentDigest
        /// Its directory.
        let number: Int
        /// Bytes of its files.
        let bytes: Int64
        /// Over the names and attributes of all its files (`LayerSeal`). Absent for layers of earlier versions.
        var seal: ContentDigest?
    }

    struct Image: Sendable, Hashable, Codable {
        var names: [String]
        var repoDigests: [String]
        /// Digests of the manifests that led to this image.
        var manifests: [ContentDigest]
        let size: Int64
        let config: ImageConfig
        /// Chain IDs, lowest layer first.
        let layers: [ContentDigest]
        /// Whether the image stays however full the disk is. Absent in indexes of earlier versions.
        var pinned: Bool?
        /// The credentials that have brought the image, by repository. Absent for images that no pull has brought, and in indexes of earlier versions.
        var access: [String: AccessRecord]?
        /// Whether it is files of any kind, not an image. Absent for images, and in indexes of earlier versions.
        var artifact: Bool?

        var isPinned: Bool { pinned ?? false }
        var isArtifact: Bool { artifact ?? false }
    }

    /// A file of the watched folder that has been imported.
    struct Import: Sendable, Hashable, Codable {
        /// Changes with the file.
        let stamp: String
        /// The IDs of its images.
        let images: [String]
    }

    static let currentVersion = 1

    var version = Self.currentVersion
    /// By chain ID. The chain, not the layer alone, because directories that a layer uses without describing them look like those below.
    var layers: [String: Layer] = [:]
    /// By image ID.
    var images: [String: Image] = [:]
    /// Layer directories from before a damaged index: running containers may use them, so they are not removed automatically.
    var retained: [Int] = []
    /// By path. Absent in indexes of earlier versions.
    private var written: [String: Import]?

    var imports: [String: Import] {
        get { written ?? [:] }
        set { written = newValue.isEmpty ? nil : newValue }
    }

    enum CodingKeys: String, CodingKey {
        case version, layers, images, retained
        case written = "imports"
    }

    func layer(_ chain: ContentDigest) -> Layer? { layers[chain.description] }

    /// Adds an image and takes its names away from other images.
    mutating func add(_ image: Image, id: ContentDigest) {
        for key in Array(images.keys) where key != id.description {
            images[key]?.names.removeAll { image.names.contains($0) }
        }
        var merged = images[id.description] ?? image
        merged.names = Self.union(merged.names, image.names)
        merged.repoDigests = Self.union(merged.repoDigests, image.repoDigests)
        merged.manifests = Self.union(merged.manifests, image.manifests)
        if image.isPinned { merged.pinned = true }
        if let access = image.access {
            merged.access = (merged.access ?? [:]).merging(access) { known, new in
                var known = known
                known.add(new)
                return known
            }
        }
        images[id.description] = merged
    }

    private static func union<T: Hashable>(_ first: [T], _ second: [T]) -> [T] { first + second.filter { !first.contains($0) } }

    /// The ID and record of the image that a reference names.
    func find(_ reference: ImageReference) -> (id: String, image: Image)? {
        let name = reference.description
        let found = images.first { reference.digest == nil ? $0.value.names.contains(name) : $0.value.repoDigests.contains(name) }
        return found.map { ($0.key, $0.value) }
    }

    /// Removes layers whose directory is gone and images that lack a layer. Returns the IDs of those images.
    mutating func dropIncomplete(existing: Set<Int>) -> [String] {
        layers = layers.filter { existing.contains($0.value.number) }
        let broken = images.filter { entry in entry.value.layers.contains { layer($0) == nil } }.map(\.key)
        for id in broken { images[id] = nil }
        return broken
    }

    /// Removes layers that no image names, apart from the kept ones. Returns their directories' numbers and the bytes of their files.
    mutating func dropUnreferenced(keeping kept: (_ chain: String, Layer) -> Bool) -> (numbers: [Int], bytes: Int64) {
        let named = Set(images.values.flatMap { $0.layers.map(\.description) })
        let dropped = layers.filter { !named.contains($0.key) && !kept($0.key, $0.value) }
        for chain in dropped.keys { layers[chain] = nil }
        return (dropped.values.map(\.number), dropped.values.reduce(0) { $0 + $1.bytes })
    }

    /// Digests of the manifests, indexes and configurations of all images.
    var namedBlobs: Set<String> {
        Set(images.flatMap { entry in [entry.key] + entry.value.manifests.map(\.description) })
    }

    var usedNumbers: Set<Int> { Set(layers.values.map(\.number)).union(retained) }
}
