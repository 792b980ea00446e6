/// The paths below the store's directory.
struct StoreLayout: Sendable {
    /// Absolute, without a slash at its end.
    let root: String

    /// The index of this node's images, replaced as a whole. Content that it does not name does not count.
    var index: String { root + "/index.json" }
    /// Manifests, indexes and configurations by digest.
    var blobs: String { root + "/blobs/sha256" }
    /// Downloads of layers. Those named by their digest go on after a restart; nothing in here counts as a layer.
    var ingest: String { root + "/ingest" }
    /// Held (flock) by the process that uses the store.
    var lock: String { root + "/lock" }
    /// Unpacked layers under short numbers, because overlayfs takes all its lower directories in one page of options.
    var layers: String { root + "/layers" }

    var directories: [String] { [root, blobs, ingest, layers] }

    func blob(_ digest: ContentDigest) -> String { "\(blobs)/\(digest.hex)" }
    func download(_ digest: ContentDigest) -> String { "\(ingest)/\(digest.hex)" }
    func layer(_ number: Int) -> String { "\(layers)/\(number)" }
}
