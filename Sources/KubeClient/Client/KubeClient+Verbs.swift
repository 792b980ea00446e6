import FoundationEssentials
package import KubeModel

/// Typed verbs. `subresource` is `status`, `binding`, `token` and so on.
extension KubeClient {
    package func get<Object: KubeObject>(_ type: Object.Type, _ key: ObjectKey, timeout: Duration = APICall.defaultTimeout) async throws -> Object {
        try await exchange(
            APICall(
                "GET", APIPath.path(Object.resource, namespace: key.namespace, name: key.name), timeout: timeout, operation: "get",
                object: label(Object.resource, key)))
    }

    /// Returns all objects of the scope from one answer. An object that cannot be read fails the call; reflectors are lenient instead.
    package func list<Object: KubeObject>(_ type: Object.Type = Object.self, _ scope: ObjectScope = .everything) async throws -> ObjectList<Object> {
        try await exchange(
            APICall(
                "GET", APIPath.path(Object.resource, namespace: scope.namespace), query: scope.query, timeout: APICall.listTimeout, operation: "list",
                object: Object.resource.plural, largestAnswer: 512 << 20, priority: .list))
    }

    /// Creates the object in its own namespace and returns it as stored.
    package func create<Object: KubeObject>(_ object: Object) async throws -> Object {
        try await exchange(creation(of: object))
    }

    /// Creates an object that the caller does not need as stored: the answer is small and is not read.
    package func send<Object: KubeObject>(_ object: Object) async throws {
        var call = try creation(of: object)
        call.accept = APICall.metadataAlone
        _ = try await perform(call)
    }

    /// Replaces the object. If `metadata.resourceVersion` is set, a change since that version makes the call fail.
    package func update<Object: KubeObject>(_ object: Object, subresource: String? = nil) async throws -> Object {
        try await exchange(
            APICall(
                "PUT", APIPath.path(Object.resource, namespace: object.namespace, name: object.name, subresource: subresource),
                body: try encode(object),
                operation: "update", object: label(Object.resource, object.key, subresource)))
    }

    /// Changes part of an object. `patch` is the JSON document that `kind` describes.
    package func patch<Object: KubeObject>(
        _ type: Object.Type, _ key: ObjectKey, subresource: String? = nil, _ kind: PatchKind, _ patch: [UInt8]
    ) async throws -> Object {
        try await exchange(change(of: type, key, subresource, kind, patch))
    }

    package func patch<Object: KubeObject>(
        _ type: Object.Type, _ key: ObjectKey, subresource: String? = nil, _ kind: PatchKind, _ patch: JSONValue
    ) async throws -> Object {
        try await self.patch(type, key, subresource: subresource, kind, JSONWriter.bytes(patch))
    }

    /// Changes part of an object whose new state the caller does not need: the answer is small.
    /// - Returns: the object's version with the change; `nil` when the answer does not tell.
    @discardableResult
    package func send<Object: KubeObject>(
        _ type: Object.Type, _ key: ObjectKey, subresource: String? = nil, _ kind: PatchKind, _ patch: JSONValue
    ) async throws -> ObjectVersion? {
        var call = change(of: type, key, subresource, kind, JSONWriter.bytes(patch))
        call.accept = APICall.metadataAlone
        let answer = try await perform(call)
        return try? JSONDecoder().decode(PartialObject.self, from: answer.body).metadata.version
    }

    /// Deletes the object. The answer, its last state or a `Status`, is ignored.
    package func delete<Object: KubeObject>(_ type: Object.Type, _ key: ObjectKey, _ options: DeleteOptions = DeleteOptions()) async throws {
        _ = try await perform(
            APICall(
                "DELETE", APIPath.path(Object.resource, namespace: key.namespace, name: key.name), body: try encode(options), operation: "delete",
                object: label(Object.resource, key)))
    }

    /// Posts a body to a subresource and reads an answer of another type: `serviceaccounts/token`, `pods/eviction`.
    package func createSubresource<Body: Encodable & Sendable, Answer: Decodable & Sendable>(
        _ resource: ResourceKind, _ key: ObjectKey, _ subresource: String, _ body: Body, answer: Answer.Type = Answer.self
    ) async throws -> Answer {
        try await exchange(
            APICall(
                "POST", APIPath.path(resource, namespace: key.namespace, name: key.name, subresource: subresource), body: try encode(body),
                operation: "create", object: label(resource, key, subresource)))
    }

    /// Posts a review: an object that the server answers and does not store.
    package func review<Review: Codable & Sendable>(_ resource: ResourceKind, _ review: Review) async throws -> Review {
        var call = APICall("POST", APIPath.path(resource), body: try encode(review), operation: "create", object: resource.plural)
        call.isRepeatable = true
        return try await exchange(call)
    }

    /// Performs the call and decodes its answer.
    package func exchange<Answer: Decodable & Sendable>(_ call: APICall, as type: Answer.Type = Answer.self) async throws -> Answer {
        let answer = try await perform(call)
        do {
            return try JSONDecoder().decode(Answer.self, from: answer.body)
        } catch {
            throw APIError(
                .badAnswer, operation: call.operation, object: call.object,
                reason: "the API server's answer cannot be read as \(Answer.self)", cause: DecodingProblem.text(error))
        }
    }

    private func creation(of object: some KubeObject) throws -> APICall {
        let resource = type(of: object).resource
        return APICall(
            "POST", APIPath.path(resource, namespace: object.namespace), body: try encode(object), operation: "create",
            object: label(resource, object.key))
    }

    private func change(
        of type: (some KubeObject).Type, _ key: ObjectKey, _ subresource: String?, _ kind: PatchKind, _ patch: [UInt8]
    ) -> APICall {
        APICall(
            "PATCH", APIPath.path(type.resource, namespace: key.namespace, name: key.name, subresource: subresource), body: patch,
            contentType: kind.rawValue, operation: "patch", object: label(type.resource, key, subresource))
    }

    private func encode(_ value: some Encodable) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        do {
            return Array(try encoder.encode(value))
        } catch {
            throw APIError(.invalidArgument, operation: "encode", object: "\(type(of: value))", reason: "it has no JSON form", cause: "\(error)")
        }
    }

    private func label(_ resource: ResourceKind, _ key: ObjectKey, _ subresource: String? = nil) -> String {
        "\(resource.plural)\(subresource.map { "/\($0)" } ?? "") \(key)"
    }
}

/// The answer to a call for metadata alone.
private struct PartialObject: Decodable {
    let metadata: ObjectMeta
}
