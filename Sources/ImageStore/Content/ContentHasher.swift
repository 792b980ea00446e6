import Crypto

/// SHA-256 over a stream of parts.
struct ContentHasher: Sendable {
    private var hash = SHA256()
    /// Bytes hashed so far.
    private(set) var count: Int64 = 0

    mutating func update(_ bytes: UnsafeRawBufferPointer) {
        hash.update(bufferPointer: bytes)
        count += Int64(bytes.count)
    }

    /// The digest of everything so far.
    func digest() -> ContentDigest { ContentDigest(bytes: hash.finalize()) }

    static func digest(of bytes: [UInt8]) -> ContentDigest {
        var hasher = ContentHasher()
        bytes.withUnsafeBytes { hasher.update($0) }
        return hasher.digest()
    }

    /// The name of a stack of layers: the topmost layer's diff ID chained to the name of the stack below, as the OCI image specification has it.
    static func chain(_ parent: ContentDigest?, _ layer: ContentDigest) -> ContentDigest {
        guard let parent else { return layer }
        return digest(of: Array("\(parent) \(layer)".utf8))
    }
}
