import KubeModel

extension ObjectRules {
    /// The result of a deletion.
    enum Deletion: Sendable {
        /// Gone: the last state.
        case removed(JSONValue)
        /// Waiting for a node, a finalizer or a namespace's content.
        case pending(JSONValue)

        var object: JSONValue {
            switch self {
            case .removed(let object), .pending(let object): object
            }
        }
    }

    func delete(_ type: ResourceType, _ key: ObjectKey, _ options: DeleteOptions, _ store: isolated ObjectStore) throws -> Deletion {
        let object = try store.require(type, key)
        if let uid = options.uid, uid != object.uid {
            throw APIError.conflict(type, key.name, "Precondition failed: UID in precondition: \(uid), UID in object meta: \(object.uid)")
        }
        if let version = options.resourceVersion, version != object.text("metadata", "resourceVersion") {
            throw APIError.conflict(
                type, key.name,
                "Precondition failed: ResourceVersion in precondition: \(version), ResourceVersion in object meta: \(object.text("metadata", "resourceVersion"))"
            )
        }
        if options.dryRun { return .removed(object) }
        switch type {
        case .pods: return try deletePod(object, key, options, store)
        case .namespaces: return try deleteNamespace(object, key, store)
        default: break
        }
        guard object.metadata.list("finalizers").isEmpty else {
            return .pending(object.isBeingDeleted ? object : try store.replace(type, Self.marked(object, grace: 0, store)))
        }
        return .removed(try store.remove(type, key))
    }

    /// The pod stays until its node deletes it with no grace. Without a node, or when it has ended, there is nothing to wait for.
    private func deletePod(_ pod: JSONValue, _ key: ObjectKey, _ options: DeleteOptions, _ store: isolated ObjectStore) throws -> Deletion {
        var grace = options.gracePeriodSeconds ?? pod["spec", "terminationGracePeriodSeconds"]?.integer ?? 30
        if pod.text("spec", "nodeName").isEmpty || ["Succeeded", "Failed"].contains(pod.text("status", "phase")) { grace = 0 }
        if grace < 0 { grace = 1 }
        var marked = pod
        if pod.isBeingDeleted {
            // A deletion under way can only be shortened.
            let current = pod["metadata", "deletionGracePeriodSeconds"]?.integer ?? 0
            if options.gracePeriodSeconds != nil || grace == 0, grace < current {
                let end = Timestamp(rfc3339: pod.text("metadata", "deletionTimestamp")) ?? store.now()
                marked["metadata", "deletionTimestamp"] = .string(end.advanced(bySeconds: grace - current).rfc3339())
                marked["metadata", "deletionGracePeriodSeconds"] = .integer(grace)
            } else if grace >= current, current > 0 {
                return .pending(pod)
            }
        } else {
            marked = Self.marked(pod, grace: grace, store)
        }
        marked = try store.replace(.pods, marked)
        guard grace == 0, marked.metadata.list("finalizers").isEmpty else { return .pending(marked) }
        return .removed(try store.remove(.pods, key))
    }

    /// A namespace stays until its content is gone.
    private func deleteNamespace(_ namespace: JSONValue, _ key: ObjectKey, _ store: isolated ObjectStore) throws -> Deletion {
        guard !["default", "kube-system", "kube-public", "kube-node-lease"].contains(key.name) else {
            throw APIError.refused("namespaces \"\(key.name)\" is forbidden: this namespace may not be deleted")
        }
        if namespace.isBeingDeleted { return .pending(namespace) }
        var marked = namespace
        marked["metadata", "deletionTimestamp"] = .string(store.now().rfc3339())
        marked["status", "phase"] = "Terminating"
        return .pending(try store.replace(.namespaces, marked))
    }

    private static func marked(_ object: JSONValue, grace: Int64, _ store: isolated ObjectStore) -> JSONValue {
        var marked = object
        marked["metadata", "deletionTimestamp"] = .string(store.now().advanced(bySeconds: grace).rfc3339())
        marked["metadata", "deletionGracePeriodSeconds"] = .integer(grace)
        if let generation = object["metadata", "generation"]?.integer { marked["metadata", "generation"] = .integer(generation + 1) }
        return marked
    }
}
