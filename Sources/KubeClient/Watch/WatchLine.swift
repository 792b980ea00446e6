import FoundationEssentials
import KubeModel

/// One decoded line of a watch, whether its object could be read or not.
enum WatchLine<Object: KubeObject>: Sendable {
    case stored(Object)
    /// Only the key: the last state of a deleted object may be malformed too.
    case deleted(ObjectKey, resourceVersion: String?)
    case bookmark(resourceVersion: String)
    case error(Status)
    /// Skipped, after it was logged. The version still counts.
    case malformed(MalformedObject)
    /// An event type unknown to this client.
    case unknown(type: String)

    private struct TypeOnly: Decodable { var type: String }
    private struct HeadOnly: Decodable { var object: ObjectHead }
    private struct ErrorOnly: Decodable { var object: Status }
    private struct Full<Content: Decodable>: Decodable { var object: Content }

    init(_ line: Data, decoder: JSONDecoder) {
        do {
            let type = try decoder.decode(TypeOnly.self, from: line).type
            switch type {
            case "ADDED", "MODIFIED":
                self = .stored(try decoder.decode(Full<Object>.self, from: line).object)
            case "DELETED":
                let head = try decoder.decode(HeadOnly.self, from: line).object
                self = .deleted(head.key, resourceVersion: head.metadata.resourceVersion)
            case "BOOKMARK":
                self = .bookmark(resourceVersion: try decoder.decode(HeadOnly.self, from: line).object.metadata.resourceVersion ?? "")
            case "ERROR":
                self = .error(try decoder.decode(ErrorOnly.self, from: line).object)
            default:
                self = .unknown(type: type)
            }
        } catch {
            let head = (try? decoder.decode(HeadOnly.self, from: line))?.object
            self = .malformed(MalformedObject(head: head, problem: DecodingProblem.text(error)))
        }
    }
}
