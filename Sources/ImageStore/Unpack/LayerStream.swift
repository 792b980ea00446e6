import CArchive

/// A compressed layer as a sequence of tar entries. One libarchive reader decompresses, a second one reads the tar stream;
/// between them every byte is counted against the limits and hashed for the diff ID.
///
/// Stays on one thread, because it holds C objects that point at it.
final class LayerStream {
    private let raw: OpaquePointer
    private let tar: OpaquePointer
    private let limits: ImageLimits
    private let compressedBytes: Int64
    private let isHashed: Bool
    private var hasher = ContentHasher()
    /// Bytes of the tar stream so far.
    private(set) var count: Int64 = 0
    /// The error inside a callback, which itself can only return a failure.
    private var failure: ImageStoreError?
    private var hasContent = true
    private let zeros: UnsafeMutableRawBufferPointer

    private static let block = 512

    /// - Parameter descriptor: at the first byte of the compressed layer; stays open.
    /// - Parameter isHashed: false for a reader that needs no diff ID.
    init(descriptor: Int32, compressedBytes: Int64, limits: ImageLimits, isHashed: Bool = true) throws(ImageStoreError) {
        guard let raw = archive_read_new() else { throw LayerEntry.refused("the layer", "no memory for a reader") }
        guard let tar = archive_read_new() else {
            archive_read_free(raw)
            throw LayerEntry.refused("the layer", "no memory for a reader")
        }
        self.raw = raw
        self.tar = tar
        zeros = .allocate(byteCount: Self.block, alignment: 8)
        zeros.initializeMemory(as: UInt8.self, repeating: 0)
        self.limits = limits
        self.isHashed = isHashed
        self.compressedBytes = compressedBytes

        let supported = [
            archive_read_support_filter_gzip(raw), archive_read_support_filter_zstd(raw), archive_read_support_format_raw(raw),
            archive_read_support_format_empty(raw), archive_read_support_format_tar(tar), archive_read_support_format_empty(tar),
        ]
        // A warning means that libarchive would start a program for that compression.
        guard supported.allSatisfy({ $0 == ARCHIVE_OK }) else {
            throw ImageStoreError(.unsupported, "unpack", "the layer", "this libarchive was built without gzip or zstd")
        }
        guard archive_read_open_fd(raw, descriptor, 1 << 20) == ARCHIVE_OK else { throw Self.error(raw) }
        var entry: OpaquePointer?
        switch archive_read_next_header(raw, &entry) {
        case ARCHIVE_OK, ARCHIVE_WARN: break
        case ARCHIVE_EOF: hasContent = false
        default: throw Self.error(raw)
        }
        let opened = archive_read_open(
            tar, Unmanaged.passUnretained(self).toOpaque(), nil,
            { _, context, buffer in
                guard let context, let buffer else { return -1 }
                return Unmanaged<LayerStream>.fromOpaque(context).takeUnretainedValue().next(into: buffer)
            }, nil)
        guard opened == ARCHIVE_OK else { throw failure ?? Self.error(tar) }
    }

    deinit {
        archive_read_free(tar)
        archive_read_free(raw)
        zeros.deallocate()
    }

    /// Compressed bytes that were read so far.
    var position: Int64 { archive_filter_bytes(raw, -1) }

    /// The next header, `nil` behind the last.
    func nextHeader() throws(ImageStoreError) -> OpaquePointer? {
        var entry: OpaquePointer?
        switch archive_read_next_header(tar, &entry) {
        case ARCHIVE_OK, ARCHIVE_WARN: return entry
        case ARCHIVE_EOF: return nil
        default: throw failure ?? Self.error(tar)
        }
    }

    /// The data of the current entry, in parts with their offsets; holes are left out.
    func readData(_ body: (UnsafeRawBufferPointer, Int64) throws(ImageStoreError) -> Void) throws(ImageStoreError) {
        while true {
            var start: UnsafeRawPointer?
            var size = 0
            var offset: Int64 = 0
            switch archive_read_data_block(tar, &start, &size, &offset) {
            case ARCHIVE_OK, ARCHIVE_WARN: try body(UnsafeRawBufferPointer(start: start, count: size), offset)
            case ARCHIVE_EOF: return
            default: throw failure ?? Self.error(tar)
            }
        }
    }

    /// Reads the padding behind the last entry, which counts for the digest, and returns the diff ID.
    func finish() throws(ImageStoreError) -> ContentDigest {
        var ignored: UnsafeRawPointer?
        while true {
            let count = withUnsafeMutablePointer(to: &ignored) { next(into: $0) }
            if count == 0 { return hasher.digest() }
            if count < 0 { throw failure ?? Self.error(raw) }
        }
    }

    private func next(into buffer: UnsafeMutablePointer<UnsafeRawPointer?>) -> Int {
        guard hasContent, failure == nil else { return failure == nil ? 0 : -1 }
        while true {
            var start: UnsafeRawPointer?
            var size = 0
            var offset: Int64 = 0
            switch archive_read_data_block(raw, &start, &size, &offset) {
            case ARCHIVE_OK, ARCHIVE_WARN:
                if size == 0 { continue }
                count += Int64(size)
                if isHashed { hasher.update(UnsafeRawBufferPointer(start: start, count: size)) }
                if let refusal = overLimit() {
                    failure = refusal
                    return -1
                }
                buffer.pointee = start
                return size
            case ARCHIVE_EOF:
                hasContent = false
                // Some builders end the stream with the last file's last byte. The filling is not part of the digest.
                let filling = (Self.block - Int(count % Int64(Self.block))) % Self.block
                buffer.pointee = UnsafeRawPointer(zeros.baseAddress)
                return filling
            default:
                failure = Self.error(raw)
                return -1
            }
        }
    }

    private func overLimit() -> ImageStoreError? {
        if count > limits.unpackedBytes {
            return ImageStoreError(
                .tooLarge, "unpack", "the layer",
                "found more than \(limits.unpackedBytes) bytes\(ImageLimits.advice("unpackedLayerSize"))")
        }
        if count > limits.ratioFreeBytes, count / limits.ratio > compressedBytes {
            return ImageStoreError(
                .tooLarge, "unpack", "the layer",
                "found \(count) bytes and more in \(compressedBytes), wanted at most \(limits.ratio) times as many"
                    + ImageLimits.advice("layerRatio"))
        }
        return nil
    }

    private static func error(_ archive: OpaquePointer) -> ImageStoreError {
        let text = archive_error_string(archive).map { String(cString: $0) } ?? "not readable"
        return LayerEntry.refused("the layer", "found no tar stream, plain or with gzip or zstd: \(String(text.prefix(200)))")
    }
}
