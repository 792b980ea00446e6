import Yams

/// Splits a YAML file into the documents it holds.
enum DocumentReader {
    static func read(_ text: String, file: String) throws -> [(kind: DocumentKind, node: ConfigurationNode)] {
        var documents: [(kind: DocumentKind, node: ConfigurationNode)] = []
        do {
            let parser = try Yams.Parser(yaml: text)
            while let root = try parser.nextRoot() {
                let node = try ConfigurationNode(root, file: file)
                if case .null = node { continue }
                documents.append((try DocumentKind(of: node), node))
            }
        } catch let error as YamlError {
            throw translate(error, file: file)
        }
        return documents
    }

    private static func translate(_ error: YamlError, file: String) -> ConfigurationError {
        switch error {
        case .duplicatedKeysInMapping(let keys, let context):
            ConfigurationError(
                .duplicateKey, place: "\(file):\(context.mark.line)", field: keys.joined(separator: ", "),
                reason: "is written more than once in the mapping that begins here; keep one")
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _), .composer(_, let problem, let mark, _):
            ConfigurationError(.syntax, place: "\(file):\(mark.line)", reason: "this is not YAML: \(problem)")
        default:
            ConfigurationError(.syntax, place: file, reason: "this is not YAML: \(error)")
        }
    }
}
