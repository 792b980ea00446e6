/// One piece of content: its type, digest and size.
struct Descriptor: Sendable, Hashable, Decodable {
    struct PlatformFields: Sendable, Hashable, Decodable {
        let architecture: String
        let os: String
    }

    let mediaType: String
    let digest: ContentDigest
    /// Bytes.
    let size: Int64
    let platform: PlatformFields?
}
