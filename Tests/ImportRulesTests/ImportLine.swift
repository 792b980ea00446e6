/// One import of a Swift source.
struct ImportLine: Equatable {
    let module: String
    /// Counted from 1.
    let line: Int

    /// The imports of a source text, in its order. Block comments are skipped, conditional ones count.
    static func all(in source: String) -> [ImportLine] {
        var imports: [ImportLine] = []
        var isComment = false
        for (index, line) in source.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let words = line.split(whereSeparator: { $0 == " " || $0 == "\t" })
            if words.first?.hasPrefix("/*") == true { isComment = true }
            if isComment {
                isComment = !line.contains("*/")
            } else if let module = module(words) {
                imports.append(ImportLine(module: module, line: index + 1))
            }
        }
        return imports
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
