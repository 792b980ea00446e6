import KubeModel

/// A list whose items are read one by one: an item that does not fit its type is reported and the others are kept.
struct LenientList<Object: KubeObject>: Decodable {
    struct Item: Decodable {
        let result: Result<Object, MalformedObject>

        init(from decoder: any Decoder) throws {
            do {
                result = .success(try Object(from: decoder))
            } catch {
                let head = try? ObjectHead(from: decoder)
                result = .failure(MalformedObject(head: head, problem: DecodingProblem.text(error)))
            }
        }
    }

    var metadata: ObjectList<Object>.Metadata
    /// Absent or null when there is nothing; Go writes both.
    var items: [Item]?
}

/// The fields that are read even from a malformed object.
struct ObjectHead: Decodable, Sendable {
    struct Metadata: Decodable, Sendable {
        var name: String?
        var namespace: String?
        var resourceVersion: String?
    }

    var metadata: Metadata

    var key: ObjectKey { ObjectKey(namespace: metadata.namespace ?? "", name: metadata.name ?? "") }
}

/// An object that does not fit its type.
struct MalformedObject: Error, Sendable {
    let head: ObjectHead?
    let problem: String
}
