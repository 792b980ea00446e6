import KubeModel

extension APIServer {
    /// Questions that are answered and not kept.
    func review(_ type: ResourceType, _ request: APIRequest, namespace: String) async throws -> APIResponse {
        var object = try request.requireDocument()
        object["kind"] = .string(type.kind)
        object["apiVersion"] = .string(type.apiVersion)
        object.setDefault("metadata", [:])
        let spec = object["spec"] ?? [:]
        switch type {
        case .tokenReviews: object["status"] = await tokenReview(spec)
        case .selfSubjectReviews: object["status"] = ["userInfo": request.identity.userInfo]
        case .selfSubjectAccessReviews: object["status"] = try await accessReview(spec, request.identity)
        default:
            let user = spec.text("user")
            let groups = spec.list("groups").compactMap(\.string)
            guard !user.isEmpty || !groups.isEmpty else {
                throw APIError.invalid(
                    type, "",
                    [
                        .init(
                            reason: "FieldValueInvalid", message: "Invalid value: \"\": at least one of user or group must be specified",
                            field: "spec.user")
                    ])
            }
            object["status"] = try await accessReview(spec, Identity(user: user, groups: groups))
        }
        return .json(201, object)
    }

    private func tokenReview(_ spec: JSONValue) async -> JSONValue {
        let wanted = spec.list("audiences").compactMap(\.string)
        let token = spec.text("token")
        let found = await store.transaction { [authenticator] store in
            authenticator.identify(token: token, audiences: wanted.isEmpty ? [ServiceAccountTokens.issuer] : wanted, store)
        }
        guard let (identity, audiences) = found else { return ["authenticated": false, "error": "[invalid bearer token]"] }
        return ["authenticated": true, "user": identity.userInfo, "audiences": .array(audiences.map { .string($0) })]
    }

    private func accessReview(_ spec: JSONValue, _ identity: Identity) async throws -> JSONValue {
        var access: AccessAttributes
        if let resource = spec["resourceAttributes"], resource.object != nil {
            access = AccessAttributes(verb: resource.text("verb"))
            access.group = resource.text("group")
            access.resource = resource.text("resource")
            access.subresource = resource.text("subresource")
            access.namespace = resource.text("namespace")
            access.name = resource.text("name")
            let terms = resource["fieldSelector"]?.list("requirements") ?? []
            access.fields = FieldMatcher(
                terms: terms.compactMap { term in
                    guard term.text("operator") == "In", let value = term.list("values").first?.string else { return nil }
                    return .init(path: term.text("key"), value: value, isEqual: true)
                })
        } else if let path = spec["nonResourceAttributes"], path.object != nil {
            access = AccessAttributes(verb: path.text("verb"), isResource: false, path: path.text("path"))
        } else {
            throw APIError.badRequest("exactly one of resourceAttributes or nonResourceAttributes must be specified")
        }
        let isAllowed = await store.transaction { [authorizer, access] store in authorizer.allows(identity, access, store) }
        return isAllowed
            ? ["allowed": true] : ["allowed": false, "reason": .string("no rule of swiftlet-devcluster grants this to \(identity.user)")]
    }
}
