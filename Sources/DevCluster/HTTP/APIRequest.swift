import KubeModel
import NIOCore
import Yams

/// A request that was read, from someone who is known.
struct APIRequest: Sendable {
    let method: String
    let path: String
    let query: QueryItems
    let accept: String
    let contentType: String
    let body: ByteBuffer
    let identity: Identity
    let channel: any Channel

    var isDryRun: Bool { query["dryRun"] == "All" }

    /// The media type of the body, without parameters.
    var mediaType: String { contentType.split(separator: ";").first.map { String($0).trimmingSpace.lowercased() } ?? "" }

    /// The body as a document; nil when there is none.
    func document() throws -> JSONValue? {
        if body.readableBytes == 0 { return nil }
        switch mediaType {
        case "application/yaml", "application/apply-patch+yaml", "text/yaml": return try YAMLDocument.parse(String(buffer: body))
        case "application/vnd.kubernetes.protobuf":
            if let object = ProtobufBody.parse(body.readableBytesView) { return object }
            throw APIError.unsupportedMediaType(mediaType, "application/json, application/yaml")
        default: break
        }
        do {
            return try JSONParser.parse(body.readableBytesView)
        } catch let error as JSONError {
            throw APIError.badRequest("the request body cannot be read: \(error)")
        }
    }

    func requireDocument() throws -> JSONValue {
        guard let document = try document() else { throw APIError.badRequest("the request has no body") }
        return document
    }
}

/// YAML as JSON, with YAML 1.2's idea of plain values.
enum YAMLDocument {
    static func parse(_ text: String) throws -> JSONValue {
        do {
            guard let node = try Yams.compose(yaml: text) else { return .null }
            return value(node)
        } catch {
            throw APIError.badRequest("the request body cannot be read as YAML: \(error)")
        }
    }

    private static func value(_ node: Yams.Node) -> JSONValue {
        switch node {
        case .mapping(let mapping):
            return .object(Dictionary(mapping.map { ($0.key.string ?? "", value($0.value)) }, uniquingKeysWith: { $1 }))
        case .sequence(let sequence): return .array(sequence.map(value))
        case .scalar(let scalar):
            guard scalar.style == .plain || scalar.style == .any else { return .string(scalar.string) }
            switch scalar.string {
            case "", "~", "null", "Null", "NULL": return .null
            case "true", "True", "TRUE": return .bool(true)
            case "false", "False", "FALSE": return .bool(false)
            default: break
            }
            if let integer = Int64(scalar.string) { return .integer(integer) }
            let first = scalar.string.first ?? " "
            if first.isNumber || "+-.".contains(first), let number = Double(scalar.string), number.isFinite { return .double(number) }
            return .string(scalar.string)
        case .alias: return .null
        }
    }
}
