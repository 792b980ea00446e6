/// The result of unpacking one layer, as the unpacking process writes it: a line of ASCII and then NUL-terminated names.
struct LayerReport: Sendable, Hashable {
    /// Digest of the uncompressed tar stream.
    let diffID: ContentDigest
    /// Bytes of files.
    let bytes: Int64
    let entries: Int
    /// Directories that the layer uses without describing them; they get the attributes of the layer below.
    let implied: [LayerPath]

    /// The largest report that a reader accepts, in bytes.
    static let longest = 64 << 20

    var encoded: [UInt8] {
        var text = Array("ok \(diffID) \(bytes) \(entries) \(implied.count)\n".utf8)
        for path in implied { text += path.joined + [0] }
        return text
    }

    static func encoded(_ error: ImageStoreError) -> [UInt8] { Array("failed \(error.code.name) \(error)".utf8) }

    /// - Throws: the error that the process has reported, or `.store` for no report at all.
    static func decode(_ bytes: [UInt8]) throws(ImageStoreError) -> LayerReport {
        let line = bytes.prefix { $0 != UInt8(ascii: "\n") }
        let words = String(decoding: line, as: UTF8.self).split(separator: " ", omittingEmptySubsequences: false)
        if words.first == "failed", words.count > 2 {
            let codes: [ImageStoreError.Code] = [.malformed, .tooLarge, .unsupported, .noRoom, .store]
            let code = codes.first { $0.name == words[1] } ?? .store
            throw ImageStoreError(code, "unpack", "layer", String(decoding: bytes.dropFirst(8 + words[1].utf8.count).prefix(2000), as: UTF8.self))
        }
        guard words.first == "ok", words.count == 5, let digest = ContentDigest(words[1]), let size = Int64(words[2]),
            let entries = Int(words[3]), let count = Int(words[4])
        else { throw ImageStoreError(.store, "unpack", "layer", "the unpacking process has left no report") }
        let names = bytes.dropFirst(line.count + 1).split(separator: 0)
        let implied = names.compactMap { LayerPath($0) }
        guard implied.count == count, !implied.contains(where: \.isRoot) else {
            throw ImageStoreError(.store, "unpack", "layer", "the unpacking process has left half a report")
        }
        return LayerReport(diffID: digest, bytes: size, entries: entries, implied: implied.sorted { $0.components.count < $1.components.count })
    }
}
