/// Five random characters for generated names, without vowels and digits that spell words.
enum NameSuffix {
    private static let alphabet = Array("bcdfghjklmnpqrstvwxz2456789")

    static func random() -> String { String((0..<5).map { _ in alphabet[Int.random(in: 0..<alphabet.count)] }) }

    /// A name for `metadata.generateName`, cut so that it stays within 63 characters.
    static func name(_ prefix: String) -> String { String(prefix.prefix(58)) + random() }
}
