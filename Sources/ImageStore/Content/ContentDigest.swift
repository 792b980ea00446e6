/// A content address, `sha256:` and 64 lower-case hexadecimal digits. Nothing else ever becomes part of a file name.
struct ContentDigest: Sendable, Hashable, Codable, CustomStringConvertible {
    /// The 64 digits.
    let hex: String

    static let prefix = "sha256:"

    init?(_ text: some StringProtocol) {
        guard text.hasPrefix(Self.prefix) else { return nil }
        let digits = text.utf8.dropFirst(Self.prefix.utf8.count)
        guard digits.count == 64, digits.allSatisfy({ (48...57).contains($0) || (97...102).contains($0) }) else { return nil }
        hex = String(decoding: digits, as: UTF8.self)
    }

    /// The digest from the hash function.
    init(bytes: some Sequence<UInt8>) {
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        for byte in bytes {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        hex = String(decoding: text, as: UTF8.self)
    }

    var description: String { Self.prefix + hex }

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let digest = ContentDigest(text) else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "found the digest \"\(text.prefix(100))\", wanted sha256: and 64 lower-case hexadecimal digits")
        }
        self = digest
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
