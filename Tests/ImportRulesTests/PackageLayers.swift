/// The targets of Package.swift with their levels, as its comments `// Level N: ...` group them.
struct PackageLayers {
    struct Target: Equatable {
        let name: String
        let level: Int
        /// Position in the file: within a level a target may use those before it.
        let position: Int
        /// The package's own targets among the declared dependencies.
        let dependencies: [String]
    }

    let targets: [Target]

    /// - Parameter manifest: the text of Package.swift. Only declarations below a `// Level N` comment count, one at the start of a line
    ///   each; they may go on over several lines.
    init(manifest: String) {
        var level: Int?
        var declarations: [(level: Int, words: [String])] = []
        for line in manifest.split(separator: "\n") {
            let text = line.drop { $0 == " " }
            if text.hasPrefix("//") {
                level = Self.level(text)
            } else if let level {
                if Self.declares(text) { declarations.append((level, [])) }
                if !declarations.isEmpty { declarations[declarations.count - 1].words += Self.quoted(text) }
            }
        }
        let names = Set(declarations.compactMap { $0.words.first })
        targets = declarations.enumerated().compactMap { position, declaration in
            guard let name = declaration.words.first else { return nil }
            return Target(
                name: name, level: declaration.level, position: position, dependencies: declaration.words.dropFirst().filter { names.contains($0) })
        }
    }

    func target(_ name: some StringProtocol) -> Target? { targets.first { $0.name == name } }

    private static func level(_ comment: Substring) -> Int? {
        guard comment.hasPrefix("// Level ") else { return nil }
        return Int(comment.dropFirst("// Level ".count).prefix { $0.isNumber })
    }

    private static func declares(_ line: Substring) -> Bool {
        ["library(", "program(", ".target(", ".systemLibrary(", ".executableTarget("].contains { line.hasPrefix($0) }
    }

    /// The texts between double quotes.
    private static func quoted(_ line: Substring) -> [String] {
        let pieces = line.split(separator: "\"", omittingEmptySubsequences: false)
        return pieces.indices.filter { $0 % 2 == 1 }.map { String(pieces[$0]) }
    }
}
