import KubeModel

/// Watch events as lines.
struct WatchEncoder: Sendable {
    let type: ResourceType
    let form: Negotiation
    var tables: TableBuilder
    let wantsBookmarks: Bool
    private var isFirst = true

    init(type: ResourceType, form: Negotiation, tables: TableBuilder, wantsBookmarks: Bool) {
        self.type = type
        self.form = form
        self.tables = tables
        self.wantsBookmarks = wantsBookmarks
    }

    /// Nil for a bookmark that the client did not ask for.
    mutating func line(for item: WatchItem, at now: Timestamp) -> [UInt8]? {
        var output: [UInt8] = []
        switch item {
        case .tick: return nil
        case .bookmark(let revision, let endsInitialEvents):
            guard wantsBookmarks else { return nil }
            var metadata: JSONValue = ["resourceVersion": .string(String(revision)), "creationTimestamp": .null]
            if endsInitialEvents { metadata["annotations"] = ["k8s.io/initial-events-end": "true"] }
            var object: JSONValue = ["kind": .string(type.kind), "apiVersion": .string(type.apiVersion), "metadata": metadata]
            if form == .table { object = tables.table([], metadata: metadata) }
            JSONWriter.write(["type": "BOOKMARK", "object": object], to: &output)
        case .event(let kind, let object):
            JSONWriter.write(["type": .string(kind.rawValue), "object": presented(object, at: now)], to: &output)
        }
        output.append(0x0A)
        return output
    }

    private mutating func presented(_ object: JSONValue, at now: Timestamp) -> JSONValue {
        switch form {
        case .table:
            tables.now = now
            var table = tables.table([object], metadata: ["resourceVersion": object["metadata", "resourceVersion"] ?? ""])
            // Only the first event needs the columns.
            if !isFirst { table["columnDefinitions"] = nil }
            isFirst = false
            return table
        case .partial: return ["kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": object.metadata]
        case .object, .aggregatedDiscovery: return object
        }
    }
}
