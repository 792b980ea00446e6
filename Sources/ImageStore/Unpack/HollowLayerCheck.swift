import Glibc

/// Refuses a layer of too many entries before they are made, if they hold next to nothing. A header is read a hundred times faster than its
/// file is made, so the entries of a layer that looks hollow are counted first.
///
/// Few ordinary layers look hollow, such as those with many links, and a layer that does is counted once: its unpacking takes at most one more
/// decompression.
struct HollowLayerCheck {
    private let descriptor: Int32
    private let compressedBytes: Int64
    private let limits: ImageLimits
    private var isCounted = false
    /// The place behind the previous window.
    private var looked = Place()

    private struct Place {
        /// Bytes of the compressed layer.
        var compressed: Int64 = 0
        /// Bytes of the tar stream.
        var plain: Int64 = 0

        init() {}

        init(_ stream: LayerStream) {
            compressed = stream.position
            plain = stream.count
        }
    }

    /// Entries that are judged together.
    static let window = 4096
    /// Compressed bytes of a hollow entry at most. A header with a name of its own takes 10 to 60.
    private static let hollowBytes: Int64 = 128
    /// Or its bytes in the tar stream: a header and two blocks at most.
    private static let hollowPlainBytes: Int64 = 1536
    /// Bytes of the tar stream within which a hollow layer's first window ends.
    private static let sampleBytes = Int64(window * 2048)

    /// - Parameter descriptor: the compressed layer; its offset stays as it is.
    init(descriptor: Int32, compressedBytes: Int64, limits: ImageLimits) {
        self.descriptor = descriptor
        self.compressedBytes = compressedBytes
        self.limits = limits
    }

    /// Looks at the first window, before anything is unpacked.
    mutating func begin() throws(ImageStoreError) {
        var sample = limits
        sample.unpackedBytes = min(limits.unpackedBytes, Self.sampleBytes)
        let end: Place
        do {
            guard let found = try read(upTo: Self.window, limits: sample) else { return }
            end = found
        } catch {
            // Files with content. What is wrong with it is found, and worded, by the unpacking.
            guard error.code != .tooLarge else { return }
            throw error
        }
        try look(Self.window, at: end)
        looked = Place()
    }

    /// Looks at the latest window.
    /// - Parameter entries: unpacked so far.
    mutating func look(_ entries: Int, _ stream: LayerStream) throws(ImageStoreError) {
        guard entries.isMultiple(of: Self.window), !isCounted else { return }
        try look(entries, at: Place(stream))
    }

    private mutating func look(_ entries: Int, at place: Place) throws(ImageStoreError) {
        let window = Int64(Self.window)
        let bytes = max(1, place.compressed - looked.compressed)
        let isHollow = bytes < Self.hollowBytes * window || place.plain - looked.plain < Self.hollowPlainBytes * window
        looked = place
        // The entries, if the rest of the layer were like these.
        let expected = Int64(entries) + (compressedBytes - place.compressed) * window / bytes
        guard isHollow, expected > Int64(limits.entries) else { return }
        isCounted = true
        if try read(upTo: limits.entries + 1, limits: limits) != nil { throw Self.refusal(limits) }
    }

    static func refusal(_ limits: ImageLimits) -> ImageStoreError {
        ImageStoreError(.tooLarge, "unpack", "the layer", "found more than \(limits.entries) entries\(ImageLimits.advice("layerEntries"))")
    }

    /// Reads headers from the layer's beginning.
    /// - Returns: the place behind that many; `nil` for a layer of fewer.
    private func read(upTo count: Int, limits: ImageLimits) throws(ImageStoreError) -> Place? {
        let place = lseek(descriptor, 0, SEEK_CUR)
        lseek(descriptor, 0, SEEK_SET)
        defer { lseek(descriptor, place, SEEK_SET) }
        let stream = try LayerStream(descriptor: descriptor, compressedBytes: compressedBytes, limits: limits, isHashed: false)
        for _ in 0..<count {
            guard try stream.nextHeader() != nil else { return nil }
        }
        return Place(stream)
    }
}
