/// The declarations of Package.swift, read from its text: one at the start of a line each; they may go on over several lines.
struct PackageManifest {
    struct Declaration: Equatable {
        let name: String
        /// The `N` of the comment `// Level N: ...` above; `nil` below another comment.
        let level: Int?
        /// The package's own targets among the declared dependencies.
        let targets: [String]
        /// The modules of other packages among the declared dependencies.
        let products: [String]

        var modules: Set<String> { Set(targets + products) }
    }

    let declarations: [Declaration]

    init(_ text: String) {
        var products: [String: String] = [:]
        var level: Int?
        var found: [(level: Int?, words: [Word])] = []
        var isInTargets = false
        for line in text.split(separator: "\n") {
            let line = line.drop { $0 == " " }
            if line.hasPrefix("targets: [") { isInTargets = true }
            if line.hasPrefix("//") {
                level = Self.level(line)
            } else if let product = Self.product(line) {
                products[product.variable] = product.module
            } else if isInTargets {
                if Self.declares(line) { found.append((level, [])) }
                if !found.isEmpty { found[found.count - 1].words += Self.words(line) }
            }
        }
        let declared = found.compactMap { item in Self.name(item.words).map { (name: $0, level: item.level, words: item.words) } }
        let names = Set(declared.map(\.name))
        declarations = declared.map { item in
            Declaration(
                name: item.name, level: item.level,
                targets: item.words.filter { $0.isQuoted && $0.text != item.name && names.contains($0.text) }.map(\.text),
                products: item.words.compactMap { $0.isQuoted ? nil : products[$0.text] })
        }
    }

    func declaration(_ name: some StringProtocol) -> Declaration? { declarations.first { $0.name == name } }

    /// An identifier, or the text between double quotes.
    private struct Word {
        let text: String
        let isQuoted: Bool
    }

    private static func level(_ comment: Substring) -> Int? {
        guard comment.hasPrefix("// Level ") else { return nil }
        return Int(comment.dropFirst("// Level ".count).prefix { $0.isNumber })
    }

    /// Reads `let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")`.
    private static func product(_ line: Substring) -> (variable: String, module: String)? {
        guard line.hasPrefix("let "), line.contains("Target.Dependency.product(") else { return nil }
        let words = words(line)
        guard words.count > 1, let module = words.first(where: \.isQuoted) else { return nil }
        return (words[1].text, module.text)
    }

    private static func declares(_ line: Substring) -> Bool {
        ["library(", "program(", "tests(", ".target(", ".testTarget(", ".systemLibrary(", ".executableTarget("].contains { line.hasPrefix($0) }
    }

    /// `tests("X", ...)` declares XTests, which depends on X.
    private static func name(_ words: [Word]) -> String? {
        guard let first = words.first(where: \.isQuoted)?.text else { return nil }
        return words.first?.text == "tests" ? first + "Tests" : first
    }

    private static func words(_ line: Substring) -> [Word] {
        let pieces = line.split(separator: "\"", omittingEmptySubsequences: false)
        return pieces.indices.flatMap { index in
            index % 2 == 1
                ? [Word(text: String(pieces[index]), isQuoted: true)]
                : pieces[index].split { !$0.isLetter && !$0.isNumber && $0 != "_" }.map { Word(text: String($0), isQuoted: false) }
        }
    }
}
