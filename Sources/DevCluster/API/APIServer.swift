import KubeModel
import Logging
import NIOCore

/// Answers requests that were read and authenticated.
struct APIServer: Sendable {
    let store: ObjectStore
    let rules: ObjectRules
    let authenticator: Authenticator
    let authorizer: Authorizer
    let nodes: NodeGateway
    let logger: Logger

    func answer(_ request: APIRequest) async -> APIResponse {
        do {
            return try await route(request)
        } catch {
            return .error(error)
        }
    }

    private func route(_ request: APIRequest) async throws -> APIResponse {
        guard let info = RequestInfo(method: request.method, path: request.path, query: request.query) else {
            try await authorize(
                request.identity,
                AccessAttributes(
                    verb: request.method == "GET" || request.method == "HEAD" ? "get" : request.method.lowercased(), isResource: false,
                    path: request.path))
            return try nonResource(request)
        }
        let access = try accessAttributes(info, request.query)
        try await authorize(request.identity, access)
        guard let type = info.type, info.subresource.isEmpty || type.subresources.contains(info.subresource) else {
            if info.group.isEmpty, info.plural == "bindings", info.verb == "create" { return try await bind(request, info, name: "") }
            throw APIError.noSuchPath
        }
        guard type.isNamespaced || info.namespace.isEmpty else { throw APIError.noSuchPath }
        if type.isReview {
            guard info.verb == "create" else { throw APIError.methodNotAllowed(request.method) }
            return try await review(type, request, namespace: info.namespace)
        }
        if type.isNamespaced, info.namespace.isEmpty, !["list", "watch"].contains(info.verb) { throw APIError.noSuchPath }
        if !info.subresource.isEmpty, !["status", "finalize", "approval", "ephemeralcontainers", "resize"].contains(info.subresource) {
            return try await subresource(type, info, request)
        }
        switch info.verb {
        case "get", "list", "watch": return try await read(type, info, request)
        default: return try await write(type, info, request)
        }
    }

    func accessAttributes(_ info: RequestInfo, _ query: QueryItems) throws -> AccessAttributes {
        var access = AccessAttributes(verb: info.verb)
        access.group = info.group
        access.resource = info.plural
        access.subresource = info.subresource
        access.namespace = info.namespace.isEmpty && info.plural == "namespaces" ? info.name : info.namespace
        access.name = info.name
        if let text = query["fieldSelector"], !text.isEmpty { access.fields = try Self.fields(text) }
        return access
    }

    func authorize(_ identity: Identity, _ access: AccessAttributes) async throws {
        let isAllowed = await store.transaction { [authorizer] store in authorizer.allows(identity, access, store) }
        guard isAllowed else { throw APIError.forbidden(identity, access) }
    }

    static func fields(_ text: String) throws -> FieldMatcher {
        do {
            return try FieldMatcher(parsing: text)
        } catch let error as SelectorError {
            throw APIError.badRequest("invalid field selector: \(error.description)")
        }
    }

    static func filter(_ type: ResourceType, namespace: String, name: String, _ query: QueryItems) throws -> ObjectFilter {
        var filter = ObjectFilter(namespace: namespace)
        do {
            if let text = query["labelSelector"] { filter.labels = try LabelMatcher(parsing: text) }
        } catch let error as SelectorError {
            throw APIError.badRequest("unable to parse requirement: \(error.description)")
        }
        if let text = query["fieldSelector"] { filter.fields = try fields(text) }
        if !name.isEmpty { filter.fields = FieldMatcher(terms: filter.fields.terms + [.init(path: "metadata.name", value: name, isEqual: true)]) }
        try type.validate(filter.fields)
        return filter
    }
}
