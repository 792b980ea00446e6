import KubeModel
import NIOCore
import YAML

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

/// YAML bodies as JSON.
enum YAMLDocument {
    static func parse(_ text: String) throws -> JSONValue {
        do {
            guard let node = try YAMLDocuments.readOne(text) else { return .null }
            return JSONValue(node)
        } catch {
            throw APIError.badRequest("the request body cannot be read as YAML: \(error)")
        }
    }
}
