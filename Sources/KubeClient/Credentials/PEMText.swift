import SwiftASN1
import X509

/// Finds blocks in PEM texts that hold several, in any order.
enum PEMText {
    static let certificateLabel = "CERTIFICATE"

    struct Block: Sendable, Hashable {
        let label: String
        /// With its first and last line, and a newline at the end.
        let text: String
    }

    /// The complete blocks of a text. Lines between blocks are skipped.
    static func blocks(_ text: String) -> [Block] {
        var found: [Block] = []
        var label: Substring?
        var lines: [Substring] = []
        for line in text.split(whereSeparator: \.isNewline) {
            let line = trimmed(line)
            if line.hasPrefix("-----BEGIN "), line.hasSuffix("-----") {
                label = line.dropFirst(11).dropLast(5)
                lines = []
            }
            guard let open = label else { continue }
            lines.append(line)
            if line == "-----END \(open)-----" {
                found.append(Block(label: String(open), text: lines.joined(separator: "\n") + "\n"))
                label = nil
            }
        }
        return found
    }

    /// The first certificate of a chain, or of a file that holds key and certificate.
    static func firstCertificate(_ text: String) throws -> Certificate {
        try Certificate(pemEncoded: blocks(text).first { $0.label == certificateLabel }?.text ?? "")
    }

    private static func trimmed(_ line: Substring) -> Substring {
        var line = line
        while line.last?.isWhitespace == true { line.removeLast() }
        return line
    }
}
