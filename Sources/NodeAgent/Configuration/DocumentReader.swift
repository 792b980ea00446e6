import YAML

/// Splits a YAML file into the documents it holds.
enum DocumentReader {
    static func read(_ text: String, file: String) throws -> [(kind: DocumentKind, node: ConfigurationNode)] {
        var documents: [(kind: DocumentKind, node: ConfigurationNode)] = []
        for root in try roots(text, file: file) {
            let node = try ConfigurationNode(root, file: file)
            if case .null = node { continue }
            documents.append((try DocumentKind(of: node), node))
        }
        return documents
    }

    private static func roots(_ text: String, file: String) throws(ConfigurationError) -> [YAMLNode] {
        do {
            return try YAMLDocuments.read(text)
        } catch {
            throw translate(error, file: file)
        }
    }

    private static func translate(_ error: YAMLError, file: String) -> ConfigurationError {
        switch error.code {
        case .duplicateKey:
            ConfigurationError(
                .duplicateKey, place: "\(file):\(error.line)", field: error.problem,
                reason: "is written more than once in the mapping that begins here; keep one")
        case .syntax: ConfigurationError(.syntax, place: "\(file):\(error.line)", reason: "this is not YAML: \(error.problem)")
        }
    }
}
