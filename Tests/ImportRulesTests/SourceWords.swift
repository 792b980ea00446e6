/// The type names in a Swift source. Comments and the texts of string literals do not count.
struct SourceWords {
    /// The types that the source declares at its top level and that other files can use.
    private(set) var declared: Set<String> = []
    /// Every word with a capital initial, as types have, except the names of the source's own private types.
    private(set) var mentioned: Set<String> = []

    init(_ source: String) {
        var hidden: Set<String> = []
        for line in Array(source.utf8).split(separator: UInt8(ascii: "\n")) {
            let words = Self.words(line)
            if line.first != UInt8(ascii: " "), let type = Self.declaredType(words) {
                if words.contains("private") || words.contains("fileprivate") { hidden.insert(type) } else { declared.insert(type) }
            }
            mentioned.formUnion(words.lazy.filter { $0.utf8.first.map { (65...90).contains($0) } ?? false })
        }
        mentioned.subtract(hidden)
    }

    /// `package struct Name` declares `Name`.
    private static func declaredType(_ words: [String]) -> String? {
        let kinds: Set<String> = ["struct", "class", "enum", "actor", "protocol", "typealias"]
        guard let kind = words.firstIndex(where: { kinds.contains($0) }), kind + 1 < words.count else { return nil }
        return words[..<kind].contains { $0 == "extension" || $0 == "import" } ? nil : words[kind + 1]
    }

    /// The words outside quotes, up to a comment.
    private static func words(_ line: ArraySlice<UInt8>) -> [String] {
        var words: [String] = []
        var word: [UInt8] = []
        var isQuoted = false
        var previous: UInt8 = 0
        for byte in line {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "_"):
                if !isQuoted { word.append(byte) }
            default:
                if !word.isEmpty { words.append(String(decoding: word, as: UTF8.self)) }
                word = []
                if byte == UInt8(ascii: "\"") { isQuoted.toggle() }
                if !isQuoted, byte == UInt8(ascii: "/"), previous == byte { return words }
            }
            previous = byte
        }
        if !word.isEmpty { words.append(String(decoding: word, as: UTF8.self)) }
        return words
    }
}
