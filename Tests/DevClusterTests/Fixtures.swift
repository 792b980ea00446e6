import Addresses
import KubeModel
import TestSupport

@testable import DevCluster

/// A store with a clock that stands still and the rules of a small cluster.
enum Fixtures {
    static let time = Timestamp(seconds: 1_800_000_000)
    static let admin = Identity(user: "admin", groups: ["system:masters", "system:authenticated"])
    static let rules = ObjectRules(services: ServiceRules(clusterRange: CIDR(ipv4Block: "10.96.0.0/16")!))

    static func store(historyLength: Int = 64) async throws -> ObjectStore {
        let store = ObjectStore(historyLength: historyLength, time: ManualTime(epoch: time))
        _ = try await create(.namespaces, ["metadata": ["name": "default"]], store)
        _ = try await create(.serviceAccounts, ["metadata": ["name": "default"]], store)
        return store
    }

    static func create(_ type: ResourceType, _ object: JSONValue, _ store: ObjectStore, by identity: Identity = admin) async throws -> JSONValue {
        try await store.transaction {
            try rules.create(type, namespace: type.isNamespaced ? "default" : "", object, by: identity, dryRun: false, $0)
        }
    }

    static func update(
        _ type: ResourceType, _ name: String, subresource: String = "", _ store: ObjectStore, change: @escaping @Sendable (inout JSONValue) -> Void
    ) async throws -> JSONValue {
        try await store.transaction { store in
            try rules.update(
                type, ObjectKey(namespace: type.isNamespaced ? "default" : "", name: name), subresource: subresource, dryRun: false, store
            ) { old in
                var new = old
                change(&new)
                return new
            }
        }
    }

    static func delete(_ type: ResourceType, _ name: String, grace: Int64? = nil, uid: String? = nil, _ store: ObjectStore) async throws
        -> ObjectRules.Deletion
    {
        var options = DeleteOptions()
        options.gracePeriodSeconds = grace
        options.uid = uid
        return try await store.transaction { [options] in
            try rules.delete(type, ObjectKey(namespace: type.isNamespaced ? "default" : "", name: name), options, $0)
        }
    }

    static func pod(_ name: String = "p", node: String? = "n1", labels: JSONValue = [:], cpu: String? = nil) -> JSONValue {
        var container: JSONValue = ["name": "c", "image": "r/x:1"]
        if let cpu { container["resources"] = ["requests": ["cpu": .string(cpu)]] }
        var spec: JSONValue = ["containers": [container], "terminationGracePeriodSeconds": 5]
        if let node { spec["nodeName"] = .string(node) }
        return ["metadata": ["name": .string(name), "labels": labels], "spec": spec]
    }

    static func node(_ name: String, ready: String = "True", cpu: String = "2", pods: String = "10") -> JSONValue {
        [
            "metadata": ["name": .string(name), "labels": ["kubernetes.io/hostname": .string(name)]],
            "status": [
                "allocatable": ["cpu": .string(cpu), "memory": "1Gi", "pods": .string(pods)],
                "conditions": [["type": "Ready", "status": .string(ready)]],
            ],
        ]
    }

    /// Returns the events that a watch has delivered so far, as `ADDED name`.
    static func drain(_ watch: ObjectStore.Watch) async -> [String] {
        watch.continuation.finish()
        var lines: [String] = []
        for await item in watch.items {
            switch item {
            case .event(let kind, let object): lines.append("\(kind.rawValue) \(object.name)")
            case .bookmark(_, let end): lines.append(end ? "BOOKMARK end" : "BOOKMARK")
            case .tick: lines.append("TICK")
            }
        }
        return lines
    }
}
