import KubeModel

/// Declares a node's state unknown when its lease was not renewed for the grace period, and its pods not ready.
///
/// The time counts from when a renewal was seen here, so that clocks of nodes need not agree.
struct NodeLifecycle: TimedController {
    let name = "node-lifecycle"
    let watched: Set<ResourceType> = [.nodes, .leases]
    let graceSeconds: Int64
    private var seen: [String: (renewal: String, at: Timestamp)] = [:]

    init(graceSeconds: Int64) { self.graceSeconds = graceSeconds }

    mutating func reconcile(_ store: ObjectStore) async throws -> Int64? {
        let now = store.now()
        let snapshot = await store.snapshot([.nodes, .leases])
        let leases = (snapshot[.leases] ?? []).filter { $0.namespace == "kube-node-lease" }
        let renewals = Dictionary(leases.map { ($0.name, $0.text("spec", "renewTime")) }, uniquingKeysWith: { $1 })
        let nodes = snapshot[.nodes] ?? []
        let names = Set(nodes.map(\.name))
        seen = seen.filter { names.contains($0.key) }
        var next: Int64?
        for node in nodes {
            // A heartbeat in the status counts as much as one in the lease.
            let heartbeat = node.condition("Ready")?.text("status") == "Unknown" ? "" : node.condition("Ready")?.text("lastHeartbeatTime") ?? ""
            let renewal = "\(renewals[node.name] ?? "")|\(heartbeat)"
            if seen[node.name]?.renewal != renewal { seen[node.name] = (renewal, now) }
            let age = now.seconds - (seen[node.name]?.at.seconds ?? now.seconds)
            if age < graceSeconds {
                next = min(next ?? .max, graceSeconds - age)
            } else if node.condition("Ready")?.text("status") != "Unknown" {
                try await store.transaction { try Self.declareUnknown(node.name, $0) }
            }
        }
        return next
    }

    private static func declareUnknown(_ name: String, _ store: isolated ObjectStore) throws {
        guard var node = store.get(.nodes, ObjectKey(namespace: "", name: name)) else { return }
        let time = JSONValue.string(store.now().rfc3339())
        var conditions = node["status"]?.list("conditions") ?? []
        for type in ["Ready", "MemoryPressure", "DiskPressure", "PIDPressure"] {
            var condition: JSONValue = [
                "type": .string(type), "status": "Unknown", "reason": "NodeStatusUnknown", "message": "Kubelet stopped posting node status.",
                "lastTransitionTime": time,
            ]
            if let index = conditions.firstIndex(where: { $0.text("type") == type }) {
                condition["lastHeartbeatTime"] = conditions[index]["lastHeartbeatTime"]
                conditions[index] = condition
            } else {
                condition["reason"] = "NodeStatusNeverUpdated"
                condition["message"] = "Kubelet never posted node status."
                condition["lastHeartbeatTime"] = node["metadata", "creationTimestamp"]
                conditions.append(condition)
            }
        }
        node["status", "conditions"] = .array(conditions)
        _ = try store.replace(.nodes, node)
        try EventWriter.write(
            about: node, kind: "Node", type: "Normal", reason: "NodeNotReady", message: "Node \(name) status is now: NodeNotReady",
            from: "node-controller", store)
        // Services must not send traffic to pods whose node no longer watches them.
        for var pod in store.list(.pods) where pod.text("spec", "nodeName") == name && pod.condition("Ready")?.text("status") == "True" {
            Binding.setCondition(&pod, "Ready", status: "False", reason: "NodeNotReady", store.now())
            _ = try store.replace(.pods, pod)
        }
    }
}
