import Glibc
import LinuxSystem

/// Unpacks a compressed layer from one descriptor into the directory behind another. Blocking.
enum LayerExtraction {
    static func run(blob: Int32, compressedBytes: Int64, into root: OwnedFileDescriptor, limits: ImageLimits) throws(ImageStoreError)
        -> LayerReport
    {
        // libarchive turns names into the locale's characters and back; in the C locale that loses every name that is not ASCII.
        let locale = newlocale(1 << LC_CTYPE, "C.UTF-8", nil)
        let before = uselocale(locale)
        defer {
            _ = uselocale(before)
            if let locale { freelocale(locale) }
        }
        var check = HollowLayerCheck(descriptor: blob, compressedBytes: compressedBytes, limits: limits)
        try check.begin()
        let stream = try LayerStream(descriptor: blob, compressedBytes: compressedBytes, limits: limits)
        var writer = LayerWriter(root: root, limits: limits)
        while let header = try stream.nextHeader() {
            try writer.write(try LayerEntry(header, limits: limits), from: stream)
            try check.look(writer.entries, stream)
        }
        try writer.finish()
        return LayerReport(diffID: try stream.finish(), bytes: writer.bytes, entries: writer.entries, implied: Array(writer.implied))
    }
}
