/// One import of a Swift source.
struct ImportLine: Equatable {
    let module: String
    /// Counted from 1.
    let line: Int

    /// The imports of a source text, in its order. Block comments and texts of several lines are skipped, conditional imports count.
    static func all(in source: String) -> [ImportLine] {
        var imports: [ImportLine] = []
        var isComment = false
        var endOfText: String?
        for (index, line) in source.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let words = words(line)
            if endOfText == nil, words.first?.hasPrefix("/*") == true { isComment = true }
            if isComment {
                isComment = !line.contains("*/")
            } else if let end = endOfText {
                if line.contains(end) { endOfText = nil }
            } else if let end = Self.endOfText(begunIn: line) {
                endOfText = end
            } else if let module = module(words) {
                imports.append(ImportLine(module: module, line: index + 1))
            }
        }
        return imports
    }

    /// Returns no words of a line that can neither be an import nor begin a comment: most lines, and splitting takes time.
    private static func words(_ line: Substring) -> [Substring] {
        guard let first = line.utf8.first(where: { $0 != UInt8(ascii: " ") }), "@/ipf".utf8.contains(first) else { return [] }
        return line.split(whereSeparator: { $0 == " " || $0 == "\t" })
    }

    /// Returns the delimiter that ends the text of several lines which begins in this line; `nil` if none does.
    private static func endOfText(begunIn line: Substring) -> String? {
        guard line.utf8.contains(UInt8(ascii: "\"")), let delimiter = line.firstRange(of: "\"\"\"") else { return nil }
        return "\"\"\"" + line[..<delimiter.lowerBound].reversed().prefix { $0 == "#" }
    }

    /// `@testable package import struct Module.Type` names `Module`.
    private static func module(_ words: [Substring]) -> String? {
        let levels: Set<Substring> = ["public", "package", "internal", "fileprivate", "private"]
        let kinds: Set<Substring> = ["struct", "class", "enum", "protocol", "typealias", "func", "let", "var"]
        var rest = words.drop { $0.hasPrefix("@") || levels.contains($0) }
        guard rest.popFirst() == "import" else { return nil }
        if let kind = rest.first, kinds.contains(kind) { rest = rest.dropFirst() }
        return rest.first?.split(separator: ".").first.map(String.init)
    }
}
