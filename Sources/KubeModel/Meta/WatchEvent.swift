/// One line of a watch answer.
package enum WatchEvent<Object: Codable & Sendable>: Sendable {
    case added(Object)
    case modified(Object)
    case deleted(Object)
    /// Nothing changed up to this resource version. `isInitialEventsEnd` closes the list part of a streaming list.
    case bookmark(resourceVersion: String, isInitialEventsEnd: Bool)
    case error(Status)
}

extension WatchEvent: Decodable {
    private enum CodingKeys: String, CodingKey {
        case type, object
    }

    private struct Bookmark: Decodable {
        var metadata: ObjectMeta
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        let type = try container.decode(String.self, forKey: .type)
        switch type {
        case "ADDED": self = .added(try container.decode(Object.self, forKey: .object))
        case "MODIFIED": self = .modified(try container.decode(Object.self, forKey: .object))
        case "DELETED": self = .deleted(try container.decode(Object.self, forKey: .object))
        case "BOOKMARK":
            let metadata = try container.decode(Bookmark.self, forKey: .object).metadata
            self = .bookmark(
                resourceVersion: metadata.resourceVersion ?? "",
                isInitialEventsEnd: metadata.annotations?["k8s.io/initial-events-end"] == "true")
        case "ERROR": self = .error(try container.decode(Status.self, forKey: .object))
        default:
            throw DecodingError.dataCorruptedError(forKey: .type, in: container, debugDescription: "unknown watch event type '\(type)'")
        }
    }
}
