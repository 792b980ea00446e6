import KubeModel

/// Binds pods without a node to a ready one that fits, the one with the fewest pods first.
struct Scheduler: Controller {
    let name = "scheduler"
    let watched: Set<ResourceType> = [.pods, .nodes]

    func reconcile(_ store: ObjectStore) async throws {
        try await store.transaction { store in
            let pods = store.list(.pods)
            let waiting = pods.filter { pod in
                pod.text("spec", "nodeName").isEmpty && !pod.isBeingDeleted && pod.text("spec", "schedulerName") == "default-scheduler"
                    && (pod["spec"]?.list("schedulingGates").isEmpty ?? true)
            }
            guard !waiting.isEmpty else { return }
            var candidates = store.list(.nodes).map { NodeCapacity($0, pods: pods) }
            // Older pods first; within a second the higher priority.
            for pod in waiting.sorted(by: { Self.order($0) < Self.order($1) }) {
                let demand = PodDemand(pod)
                var reasons: [String: Int] = [:]
                var best: Int?
                for (index, node) in candidates.enumerated() {
                    if let reason = node.refusal(of: pod, demand) {
                        reasons[reason, default: 0] += 1
                    } else if best.map({ node.pods < candidates[$0].pods }) ?? true {
                        best = index
                    }
                }
                let key = ObjectKey(namespace: pod.namespace, name: pod.name)
                if let best {
                    try Binding.bind(key, to: candidates[best].name, store)
                    let message = "Successfully assigned \(pod.namespace)/\(pod.name) to \(candidates[best].name)"
                    try EventWriter.write(
                        about: pod, kind: "Pod", type: "Normal", reason: "Scheduled", message: message, from: "default-scheduler", store)
                    candidates[best].take(demand)
                } else {
                    try refuse(pod, reasons, candidates.count, store)
                }
            }
        }
    }

    private static func order(_ pod: JSONValue) -> (Int64, Int64) { (-(pod["spec", "priority"]?.integer ?? 0), pod.revision) }

    private func refuse(_ pod: JSONValue, _ reasons: [String: Int], _ nodes: Int, _ store: isolated ObjectStore) throws {
        let list = reasons.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.joined(separator: ", ")
        let message = nodes == 0 ? "no nodes available to schedule pods" : "0/\(nodes) nodes are available: \(list)."
        guard pod.condition("PodScheduled")?.text("message") != message else { return }
        var changed = pod
        Binding.setCondition(&changed, "PodScheduled", status: "False", reason: "Unschedulable", message: message, store.now())
        _ = try store.replace(.pods, changed)
        try EventWriter.write(
            about: pod, kind: "Pod", type: "Warning", reason: "FailedScheduling", message: message, from: "default-scheduler", store)
    }
}
