import KubeModel

extension APIServer {
    func write(_ type: ResourceType, _ info: RequestInfo, _ request: APIRequest) async throws -> APIResponse {
        let key = ObjectKey(namespace: info.namespace, name: info.name)
        let form = Negotiation(accept: request.accept)
        let (rules, identity, dryRun, subresource) = (rules, request.identity, request.isDryRun, info.subresource)
        let object: JSONValue
        var status = 200
        switch info.verb {
        case "create":
            guard info.name.isEmpty else { throw APIError.methodNotAllowed("POST") }
            let body = try request.requireDocument()
            object = try await store.transaction { try rules.create(type, namespace: info.namespace, body, by: identity, dryRun: dryRun, $0) }
            status = 201
        case "update":
            let body = try request.requireDocument()
            object = try await store.transaction { store in
                try rules.update(type, key, subresource: subresource, dryRun: dryRun, store) { _ in body }
            }
        case "patch":
            let patch = try Self.patch(request, type)
            object = try await store.transaction { store in
                try rules.update(type, key, subresource: subresource, dryRun: dryRun, store, change: patch)
            }
        case "delete":
            let options = try DeleteOptions(body: request.document() ?? [:], query: request.query)
            let deletion = try await store.transaction { try rules.delete(type, key, options, $0) }
            return .json(200, try await deleted(type, deletion, request, form))
        case "deletecollection":
            let options = try DeleteOptions(body: request.document() ?? [:], query: request.query)
            let filter = try Self.filter(type, namespace: info.namespace, name: "", request.query)
            let (removed, revision) = try await store.transaction { store in
                (
                    try store.list(type, filter).map {
                        try rules.delete(type, ObjectKey(namespace: $0.namespace, name: $0.name), options, store).object
                    }, store.revision
                )
            }
            return .ok(await present(type, removed, request, .object, list: ["resourceVersion": .string(String(revision))]))
        default:
            throw APIError.methodNotAllowed(request.method)
        }
        return .json(status, await present(type, [object], request, form, list: nil))
    }

    /// Pods, Services and what holds data answer a deletion with the object, other resources with a Status.
    private func deleted(_ type: ResourceType, _ deletion: ObjectRules.Deletion, _ request: APIRequest, _ form: Negotiation) async throws -> JSONValue
    {
        let returnsObject: Set<ResourceType> = [.pods, .services, .persistentVolumes, .persistentVolumeClaims, .serviceAccounts]
        if case .removed(let object) = deletion, !returnsObject.contains(type) { return Self.success(type, object) }
        return await present(type, [deletion.object], request, form, list: nil)
    }

    static func success(_ type: ResourceType, _ object: JSONValue) -> JSONValue {
        var details: JSONValue = ["name": .string(object.name), "kind": .string(type.plural), "uid": .string(object.uid)]
        if !type.group.isEmpty { details["group"] = .string(type.group) }
        return ["kind": "Status", "apiVersion": "v1", "metadata": [:], "status": "Success", "details": details]
    }

    /// Returns the change that a patch describes.
    private static func patch(_ request: APIRequest, _ type: ResourceType) throws -> @Sendable (JSONValue) throws -> JSONValue {
        let mediaType = request.mediaType
        let known = ["application/json-patch+json", "application/merge-patch+json", "application/strategic-merge-patch+json"]
        guard known.contains(mediaType) else {
            if mediaType == "application/apply-patch+yaml" {
                throw APIError(
                    code: 415, reason: "UnsupportedMediaType",
                    message:
                        "server-side apply is not offered by swiftlet-devcluster: use an ordinary kubectl apply (without --server-side), or one of \(known.joined(separator: ", "))"
                )
            }
            throw APIError.unsupportedMediaType(mediaType, known.joined(separator: ", "))
        }
        let patch = try request.requireDocument()
        return { object in
            do {
                switch mediaType {
                case known[0]: return try JSONPatch.apply(patch, to: object)
                case known[1]: return MergePatch.apply(patch, to: object)
                default: return try StrategicMergePatch.apply(patch, to: object, kind: type.kind)
                }
            } catch let error as PatchError {
                if error.code == .noSuchPath || error.code == .testFailed {
                    throw APIError(code: 422, reason: "Invalid", message: "the server rejected our request due to an error in our request: \(error)")
                }
                throw APIError.badRequest("the patch cannot be applied: \(error)")
            }
        }
    }
}
