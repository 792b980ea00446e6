import KubeModel
import NIOCore

extension APIServer {
    /// Subresources that are more than a part of the object.
    func subresource(_ type: ResourceType, _ info: RequestInfo, _ request: APIRequest) async throws -> APIResponse {
        let key = ObjectKey(namespace: info.namespace, name: info.name)
        switch (type, info.subresource) {
        case (.pods, "binding"):
            guard info.verb == "create" else { throw APIError.methodNotAllowed(request.method) }
            return try await bind(request, info, name: info.name)
        case (.pods, "eviction"):
            guard info.verb == "create" else { throw APIError.methodNotAllowed(request.method) }
            let body = try request.document() ?? [:]
            var options = try DeleteOptions(body: body["deleteOptions"] ?? [:], query: request.query)
            options.dryRun = options.dryRun || request.isDryRun
            _ = try await store.transaction { [rules, options] in try rules.delete(.pods, key, options, $0) }
            return .json(201, ["kind": "Status", "apiVersion": "v1", "metadata": [:], "status": "Success", "code": 201])
        case (.serviceAccounts, "token"):
            guard info.verb == "create" else { throw APIError.methodNotAllowed(request.method) }
            return .json(201, try await token(key, try request.requireDocument(), request.identity))
        case (.pods, "log"):
            guard info.verb == "get" else { throw APIError.methodNotAllowed(request.method) }
            let pod = try await store.transaction { try $0.require(.pods, key) }
            return try await nodes.logs(of: pod, request.query, store, request.channel)
        case (.pods, "exec"), (.pods, "attach"), (.pods, "portforward"):
            _ = try await store.transaction { try $0.require(.pods, key) }
            throw APIError.badRequest(
                "Upgrade request required: \(info.subresource) needs a connection that asks for SPDY/3.1 or websocket with its first request")
        case (.nodes, "proxy"):
            guard info.verb == "get" else { throw APIError.methodNotAllowed(request.method) }
            let node = try await store.transaction { try $0.require(.nodes, ObjectKey(namespace: "", name: info.name)) }
            return try await nodes.proxy(to: node, path: "/" + info.rest, request.query, request.channel)
        default:
            throw APIError.noSuchPath
        }
    }

    /// A scheduler's decision. The pod gets its node and the condition PodScheduled.
    func bind(_ request: APIRequest, _ info: RequestInfo, name: String) async throws -> APIResponse {
        let body = try request.requireDocument()
        let pod = name.isEmpty ? body.name : name
        let node = body.text("target", "name")
        guard !node.isEmpty else {
            throw APIError.invalid(.pods, pod, [.init(reason: "FieldValueRequired", message: "Required value", field: "target.name")])
        }
        let key = ObjectKey(namespace: info.namespace, name: pod)
        let dryRun = request.isDryRun
        try await store.transaction { try Binding.bind(key, to: node, uid: body.uid, dryRun: dryRun, $0) }
        return .json(201, ["kind": "Status", "apiVersion": "v1", "metadata": [:], "status": "Success", "code": 201])
    }

    private func token(_ key: ObjectKey, _ body: JSONValue, _ identity: Identity) async throws -> JSONValue {
        let spec = body["spec"] ?? [:]
        let seconds = spec["expirationSeconds"]?.integer ?? 3600
        guard seconds >= 600 else {
            throw APIError.invalid(
                .serviceAccounts, key.name,
                [
                    .init(
                        reason: "FieldValueInvalid", message: "Invalid value: \(seconds): may not specify a duration less than 10 minutes",
                        field: "spec.expirationSeconds")
                ])
        }
        let audiences = spec.list("audiences").compactMap(\.string)
        let reference = spec["boundObjectRef"] ?? [:]
        let (account, pod) = try await store.transaction { store in
            let account = try store.require(.serviceAccounts, key)
            let wanted = body.text("metadata", "uid")
            guard wanted.isEmpty || wanted == account.uid else {
                throw APIError.conflict(
                    .serviceAccounts, key.name,
                    "the UID in the token request (\(wanted)) does not match the UID of the service account (\(account.uid))"
                )
            }
            guard reference.object?.isEmpty == false else {
                if let node = identity.node {
                    throw APIError.refused("serviceaccounts \"\(key.name)\" is forbidden: node \"\(node)\" requested token not bound to a pod")
                }
                return (account, JSONValue?.none)
            }
            guard reference.text("kind") == "Pod" else {
                throw APIError.badRequest("boundObjectRef.kind is \"\(reference.text("kind"))\", this cluster binds tokens to Pods only")
            }
            let pod = try store.require(.pods, ObjectKey(namespace: key.namespace, name: reference.text("name")))
            let uid = reference.text("uid")
            guard uid.isEmpty || uid == pod.uid else {
                throw APIError.conflict(
                    .pods, pod.name,
                    "the UID in the bound object reference (\(uid)) does not match the UID in record. The object might have been deleted and then recreated"
                )
            }
            guard pod.text("spec", "serviceAccountName") == key.name else {
                throw APIError.badRequest("cannot bind token for serviceaccount \"\(key.name)\" to pod running with different serviceaccount name.")
            }
            if let node = identity.node, pod.text("spec", "nodeName") != node {
                throw APIError.refused(
                    "serviceaccounts \"\(key.name)\" is forbidden: node \"\(node)\" requested token bound to a pod scheduled on a different node")
            }
            return (account, pod)
        }
        let (token, expiration) = try authenticator.tokens.issue(account: account, audiences: audiences, seconds: seconds, bound: pod)
        var answer = body
        answer["kind"] = "TokenRequest"
        answer["apiVersion"] = "authentication.k8s.io/v1"
        answer["metadata"] = ["name": .string(account.name), "namespace": .string(account.namespace)]
        answer["spec", "audiences"] = .array((audiences.isEmpty ? [ServiceAccountTokens.issuer] : audiences).map { .string($0) })
        answer["spec", "expirationSeconds"] = .integer(seconds)
        answer["status"] = ["token": .string(token), "expirationTimestamp": .string(expiration.rfc3339())]
        return answer
    }
}
