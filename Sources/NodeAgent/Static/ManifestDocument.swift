import KubeModel
import YAML

/// The one object of a manifest, in YAML or JSON.
enum ManifestDocument {
    static func object(_ bytes: [UInt8]) throws(ManifestProblem) -> JSONValue {
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw ManifestProblem("found bytes that are not UTF-8, wanted YAML or JSON")
        }
        let value = try value(text)
        switch value {
        case .object: break
        case .null: throw ManifestProblem("found nothing, wanted a Pod")
        case .array: throw ManifestProblem("found a list, wanted a Pod")
        default: throw ManifestProblem("found a \(value.typeName), wanted a Pod")
        }
        try check(value)
        return value
    }

    private static func value(_ text: String) throws(ManifestProblem) -> JSONValue {
        // JSON is YAML, apart from tabs between its values.
        if text.first(where: { !$0.isWhitespace }) == "{", let value = try? JSONParser.parse(text) { return value }
        do {
            let documents = try YAMLDocuments.read(text).filter { !$0.isNull }
            guard documents.count < 2 else {
                throw ManifestProblem("line \(documents[1].line): found a second document, wanted one Pod: give each pod a file of its own")
            }
            return documents.first.map { JSONValue($0) } ?? .null
        } catch let error as YAMLError {
            throw ManifestProblem("this is neither YAML nor JSON: \(error)")
        } catch {
            throw error as? ManifestProblem ?? ManifestProblem("\(error)")
        }
    }

    private static func check(_ object: JSONValue) throws(ManifestProblem) {
        let version = object["apiVersion"]?.string ?? ""
        let kind = object["kind"]?.string ?? ""
        if version == "v1", kind == "Pod" { return }
        if kind == "List" || kind == "PodList" { throw ManifestProblem("found a \(kind), wanted one Pod: give each pod a file of its own") }
        throw ManifestProblem("found apiVersion '\(version)' and kind '\(kind)', wanted v1 and Pod: only pods can be static")
    }
}
