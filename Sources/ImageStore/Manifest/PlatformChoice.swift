/// The entries of an index that a machine can use, whatever their order in the index.
struct PlatformChoice {
    /// Images for the machine, the best first.
    let images: [Descriptor]
    /// Images without a platform: only their configuration says which machine they are for.
    let open: [Descriptor]
    /// Further indexes that may hold images for the machine.
    let indexes: [Descriptor]

    init(_ entries: [Descriptor], for platform: Platform) {
        var ranked: [(rank: Int, entry: Descriptor)] = []
        var open: [Descriptor] = []
        var indexes: [Descriptor] = []
        for entry in entries where !entry.isAttestation {
            let rank = entry.platform.flatMap { platform.rank(of: $0) }
            if entry.platform != nil, rank == nil { continue }
            if MediaType.isIndex(entry.mediaType) {
                indexes.append(entry)
            } else if MediaType.isManifest(entry.mediaType) {
                if let rank { ranked.append((rank, entry)) } else { open.append(entry) }
            }
        }
        // Stable: the first of equals.
        images = ranked.enumerated().sorted { ($0.element.rank, $0.offset) < ($1.element.rank, $1.offset) }.map(\.element.entry)
        self.open = open
        self.indexes = indexes
    }

    /// The error of an index without an image for the platform.
    static func failure(_ entries: [Descriptor], for platform: Platform, object: String) -> ImageStoreError {
        let found = entries.filter { !$0.isAttestation }.compactMap { $0.platform?.description }.prefix(20).joined(separator: ", ")
        return ImageStoreError(
            .unsupported, "select platform", object, "found images for \(found.isEmpty ? "no platform" : found), wanted one for \(platform)")
    }
}
