/// One piece of content: its type, digest and size.
struct Descriptor: Sendable, Hashable, Decodable {
    /// Lower case, without parameters; empty when the document names none.
    let mediaType: String
    let digest: ContentDigest
    /// Bytes.
    let size: Int64
    /// `nil` when the document names no architecture.
    let platform: Platform?
    /// Whether the content says something about another image instead of being an image: builders put such entries into their indexes.
    let isAttestation: Bool
    /// The name of the file that the content is in an artifact; `nil` without one.
    let fileName: String?

    private enum CodingKeys: String, CodingKey {
        case mediaType, digest, size, platform, annotations
    }

    private static let unknown = "unknown"

    init(mediaType: String, digest: ContentDigest, size: Int64) {
        self.mediaType = mediaType
        self.digest = digest
        self.size = size
        platform = nil
        isAttestation = false
        fileName = nil
    }

    init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        mediaType = MediaType.bare(try fields.decodeIfPresent(String.self, forKey: .mediaType) ?? "")
        digest = try fields.decode(ContentDigest.self, forKey: .digest)
        size = try fields.decode(Int64.self, forKey: .size)
        let written = try fields.decodeIfPresent(Platform.self, forKey: .platform)
        platform = written?.architecture.isEmpty == true ? nil : written
        let annotations = try? fields.decodeIfPresent([String: String].self, forKey: .annotations)
        isAttestation =
            annotations?["vnd.docker.reference.type"] == "attestation-manifest"
            || (platform?.os == Self.unknown && platform?.architecture == Self.unknown)
        fileName = ArtifactFile.nameAnnotations.lazy.compactMap { annotations?[$0] }.first
    }
}
