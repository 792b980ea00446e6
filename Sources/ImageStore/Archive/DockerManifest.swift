import FoundationEssentials
import PodCore

/// An entry of `manifest.json`.
struct DockerManifest: Decodable, Sendable {
    let config: String
    let repoTags: [String]?
    let layers: [String]

    enum CodingKeys: String, CodingKey {
        case config = "Config"
        case repoTags = "RepoTags"
        case layers = "Layers"
    }

    private static let file = "manifest.json"

    /// `nil` if there is none.
    static func read(_ folder: ArchiveFolder, _ limits: ImageLimits) throws(ImageStoreError) -> [DockerManifest]? {
        guard let bytes = try folder.bytes(file, limit: limits.manifestBytes) else { return nil }
        do {
            return try JSONDecoder().decode([DockerManifest].self, from: Data(bytes))
        } catch {
            throw ImageStoreError(.malformed, "import", file, "found no list of images as JSON: \(DecodingFailure.text(error))")
        }
    }

    func image(_ folder: ArchiveFolder, _ limits: ImageLimits) throws(ImageStoreError) -> ArchivedImage {
        guard layers.count <= limits.layers else {
            throw ImageStoreError(.tooLarge, "import", Self.file, "found \(layers.count) layers, wanted at most \(limits.layers)")
        }
        guard let bytes = try folder.bytes(config, limit: Int(limits.configBytes)) else {
            throw ImageStoreError(.malformed, "import", Self.file, "found the configuration \(config.prefix(200)), which is not in the archive")
        }
        return ArchivedImage(
            id: ContentHasher.digest(of: bytes), config: bytes, manifests: [], layers: layers.map { .init(file: $0, descriptor: nil) },
            names: try (repoTags ?? []).map { (text) throws(ImageStoreError) in try Self.complete(text) })
    }

    static func complete(_ text: String) throws(ImageStoreError) -> String {
        do throws(ImageFailure) {
            return try ImageReference(text).description
        } catch {
            throw ImageStoreError(.malformed, "import", "the name \"\(text.prefix(300))\"", error.message)
        }
    }
}
