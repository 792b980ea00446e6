import SwiftASN1
import X509

/// Finds blocks in PEM texts that hold several.
enum PEMText {
    /// The first certificate of a chain, or of a file that holds key and certificate.
    static func firstCertificate(_ text: String) throws -> Certificate {
        var lines: [Substring] = []
        for line in text.split(whereSeparator: \.isNewline) {
            if lines.isEmpty, line != "-----BEGIN CERTIFICATE-----" { continue }
            lines.append(line)
            if line == "-----END CERTIFICATE-----" { break }
        }
        return try Certificate(pemEncoded: lines.joined(separator: "\n"))
    }
}
