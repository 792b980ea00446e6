import HummingbirdCore
import KubeModel
import NIOCore

extension APIServer {
    func read(_ type: ResourceType, _ info: RequestInfo, _ request: APIRequest) async throws -> APIResponse {
        let form = Negotiation(accept: request.accept)
        let isWatch = request.query.isTrue("watch") && request.query["watch"] != nil
        if isWatch { return try await watch(type, info, request, form) }
        if info.verb == "get" {
            let object = try await store.transaction { try $0.require(type, ObjectKey(namespace: info.namespace, name: info.name)) }
            return .ok(await present(type, [object], request, form, list: nil))
        }
        let filter = try Self.filter(type, namespace: info.namespace, name: info.name, request.query)
        let (found, revision) = await store.transaction { ($0.list(type, filter), $0.revision) }
        if request.query["resourceVersionMatch"] == "Exact", let wanted = request.query["resourceVersion"].flatMap({ Int64($0) }), wanted < revision {
            throw APIError.expired("The provided resource version is too old to be listed exactly: \(wanted), current: \(revision)")
        }
        if let wanted = request.query["resourceVersion"].flatMap({ Int64($0) }), wanted > revision {
            throw APIError(code: 504, reason: "Timeout", message: "Too large resource version: \(wanted), current: \(revision)")
        }
        var metadata: JSONValue = ["resourceVersion": .string(String(revision))]
        let page = try Self.page(found, request.query, revision)
        if let next = page.next {
            metadata["continue"] = .string(next)
            metadata["remainingItemCount"] = .integer(Int64(page.remaining))
        }
        return .ok(await present(type, page.items, request, form, list: metadata))
    }

    /// Pages continue after the last key of the page before.
    private static func page(_ objects: [JSONValue], _ query: QueryItems, _ revision: Int64) throws -> (
        items: [JSONValue], next: String?, remaining: Int
    ) {
        var rest = objects[...]
        if let token = query["continue"], !token.isEmpty {
            guard let bytes = Base64.decode(token), let position = try? JSONParser.parse(bytes) else {
                throw APIError.badRequest("continue key is not valid: it was not given by this server")
            }
            let last = ObjectKey(namespace: position.text("ns"), name: position.text("name"))
            rest = rest.drop { !(last < ObjectKey(namespace: $0.namespace, name: $0.name)) }
        }
        guard let limit = query["limit"].flatMap({ Int($0) }), limit > 0, rest.count > limit, let last = rest.prefix(limit).last else {
            return (Array(rest), nil, 0)
        }
        let token: JSONValue = ["ns": .string(last.namespace), "name": .string(last.name), "rv": .integer(revision)]
        return (Array(rest.prefix(limit)), Base64.encodeURL(JSONWriter.bytes(token)), rest.count - limit)
    }

    /// Objects in the form that the client asked for. `list` is the metadata of a list; nil for a single object.
    func present(_ type: ResourceType, _ objects: [JSONValue], _ request: APIRequest, _ form: Negotiation, list: JSONValue?) async -> JSONValue {
        switch form {
        case .table:
            let metadata = list ?? objects.first.map { ["resourceVersion": $0["metadata", "resourceVersion"] ?? ""] } ?? [:]
            return TableBuilder(type: type, include: request.query["includeObject"] ?? "Metadata", now: store.now()).table(
                objects, metadata: metadata)
        case .partial:
            let partial = objects.map(Self.partial)
            guard let list else { return partial.first ?? .null }
            return ["kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1", "metadata": list, "items": .array(partial)]
        case .object, .aggregatedDiscovery:
            guard let list else { return objects.first ?? .null }
            // Items of a list leave out what the list says.
            let items = objects.map { object in
                var item = object
                item["kind"] = nil
                item["apiVersion"] = nil
                return item
            }
            return ["kind": .string(type.kind + "List"), "apiVersion": .string(type.apiVersion), "metadata": list, "items": .array(items)]
        }
    }

    private static func partial(_ object: JSONValue) -> JSONValue {
        ["kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": object.metadata]
    }

    // MARK: Watch

    private func watch(_ type: ResourceType, _ info: RequestInfo, _ request: APIRequest, _ form: Negotiation) async throws -> APIResponse {
        let filter = try Self.filter(type, namespace: info.namespace, name: info.name, request.query)
        let start = try Self.start(request.query)
        let watch: ObjectStore.Watch
        do {
            watch = try await store.watch(type, filter, from: start)
        } catch let error as APIError where error.code == 410 {
            // A watch that cannot begin says so as its first event, as an API server does.
            let event: JSONValue = ["type": "ERROR", "object": error.status]
            return .bytes(200, contentType: "application/json", ByteBuffer(bytes: JSONWriter.bytes(event) + [0x0A]))
        }
        let seconds = request.query["timeoutSeconds"].flatMap { Int64($0) }.flatMap { $0 > 0 ? $0 : nil } ?? Int64.random(in: 1800...3600)
        let wantsBookmarks = request.query.isTrue("allowWatchBookmarks")
        let builder = TableBuilder(type: type, include: request.query["includeObject"] ?? "Metadata", now: store.now())
        let encoder = WatchEncoder(type: type, form: form, tables: builder, wantsBookmarks: wantsBookmarks)
        let channel = request.channel
        return .stream(200, contentType: "application/json") { [store] writer in
            channel.closeFuture.whenComplete { _ in watch.continuation.finish() }
            let end = channel.eventLoop.scheduleTask(in: .seconds(min(seconds, 86_400))) { watch.continuation.finish() }
            let bookmarks =
                wantsBookmarks
                ? channel.eventLoop.scheduleRepeatedTask(initialDelay: .seconds(60), delay: .seconds(60)) { _ in watch.continuation.yield(.tick) }
                : nil
            defer {
                end.cancel()
                bookmarks?.cancel()
                watch.continuation.finish()
            }
            // The head goes out before the first event: clients wait for it.
            try await writer.write(ByteBuffer())
            var encoder = encoder
            for await item in watch.items {
                if case .tick = item {
                    await store.bookmark(watch.id)
                } else if let line = encoder.line(for: item, at: store.now()) {
                    try await writer.write(ByteBuffer(bytes: line))
                }
            }
            await store.endWatch(watch.id)
        }
    }

    private static func start(_ query: QueryItems) throws -> ObjectStore.WatchStart {
        let version = query["resourceVersion"] ?? ""
        if query.isTrue("sendInitialEvents"), query["sendInitialEvents"] != nil {
            guard query["resourceVersionMatch"] == "NotOlderThan" else {
                throw APIError(
                    code: 422, reason: "Invalid",
                    message:
                        "ListOptions.meta.k8s.io \"\" is invalid: resourceVersionMatch: Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"
                )
            }
            return .stateThenBookmark
        }
        if version.isEmpty || version == "0" { return query["sendInitialEvents"] == "false" ? .now : .state }
        guard let revision = Int64(version), revision >= 0 else { throw APIError.badRequest("resourceVersion: Invalid value: \"\(version)\"") }
        return .after(revision)
    }
}
