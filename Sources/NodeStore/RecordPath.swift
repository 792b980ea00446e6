import Crypto
import KubeModel
import PodCore

/// Where a record's file lies below the store's folder.
struct RecordPath: Sendable, Hashable {
    /// A file system takes names of 255 bytes; a temporary file's name is longer than the record's.
    private static let longestPart = 160

    /// Relative to the store's folder.
    let folder: String
    let file: String

    var path: String { folder + "/" + file }

    init(_ name: RecordName) {
        let parts = name.parts.map(Self.fileName)
        folder = ([name.kind.rawValue] + parts.dropLast()).joined(separator: "/")
        file = parts.last ?? Self.fileName("")
    }

    /// Returns a name without a slash that begins with no dot, a different name for each text. The record's header has the text itself.
    static func fileName(_ part: String) -> String {
        guard !part.isEmpty else { return "%" }
        var encoded = PercentCoding.encode(part)
        if encoded.hasPrefix(".") { encoded = "%2E" + encoded.dropFirst() }
        guard encoded.utf8.count > longestPart else { return encoded }
        let digest = SHA256.hash(data: Array(part.utf8)).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        // An encoded text never has two percent signs side by side.
        return encoded.prefix(longestPart - 2 - digest.utf8.count) + "%%" + digest
    }
}
