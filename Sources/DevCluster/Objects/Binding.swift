import KubeModel

/// Gives a pod its node.
enum Binding {
    static func bind(_ key: ObjectKey, to node: String, uid: String = "", dryRun: Bool = false, _ store: isolated ObjectStore) throws {
        var pod = try store.require(.pods, key)
        if !uid.isEmpty, uid != pod.uid {
            throw APIError.conflict(.pods, key.name, "Precondition failed: UID in precondition: \(uid), UID in object meta: \(pod.uid)")
        }
        guard !pod.isBeingDeleted else { throw APIError.conflict(.pods, key.name, "pod \(key.name) is being deleted, cannot be assigned to a host") }
        guard pod.text("spec", "nodeName").isEmpty else {
            throw APIError.conflict(.pods, key.name, "pod \(key.name) is already assigned to node \"\(pod.text("spec", "nodeName"))\"")
        }
        if dryRun { return }
        pod["spec", "nodeName"] = .string(node)
        pod["status", "nominatedNodeName"] = nil
        setCondition(&pod, "PodScheduled", status: "True", store.now())
        _ = try store.replace(.pods, pod)
    }

    /// Sets a condition of a pod; the time of transition changes with the status only.
    static func setCondition(_ pod: inout JSONValue, _ type: String, status: String, reason: String = "", message: String = "", _ now: Timestamp) {
        var conditions = pod["status"]?.list("conditions") ?? []
        let index = conditions.firstIndex { $0.text("type") == type }
        var condition: JSONValue = [
            "type": .string(type), "status": .string(status), "lastProbeTime": .null, "lastTransitionTime": .string(now.rfc3339()),
        ]
        condition["observedGeneration"] = pod["metadata", "generation"]
        if !reason.isEmpty { condition["reason"] = .string(reason) }
        if !message.isEmpty { condition["message"] = .string(message) }
        if let index {
            if conditions[index].text("status") == status { condition["lastTransitionTime"] = conditions[index]["lastTransitionTime"] }
            conditions[index] = condition
        } else {
            conditions.append(condition)
        }
        pod["status", "conditions"] = .array(conditions)
    }
}
