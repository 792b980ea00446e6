import KubeModel

/// The options of a deletion, from the body DeleteOptions or the query.
struct DeleteOptions: Sendable {
    var gracePeriodSeconds: Int64?
    var uid: String?
    var resourceVersion: String?
    var dryRun = false

    init() {}

    init(body: JSONValue, query: QueryItems) throws {
        gracePeriodSeconds = body["gracePeriodSeconds"]?.integer ?? query["gracePeriodSeconds"].flatMap { Int64($0) }
        uid = body["preconditions", "uid"]?.string
        resourceVersion = body["preconditions", "resourceVersion"]?.string
        dryRun = body.list("dryRun").contains("All") || query["dryRun"] == "All"
        if let grace = gracePeriodSeconds, grace < 0 { gracePeriodSeconds = 1 }
    }
}
