import KubeModel

/// Gives each namespace its default service account and the cluster's authority, and empties a namespace that is being deleted.
struct NamespaceController: Controller {
    let name = "namespace"
    var watched: Set<ResourceType> { Set(ResourceType.namespacedAndStored).subtracting([.events, .leases, .endpointSlices]).union([.namespaces]) }
    let rules: ObjectRules
    let authorityPEM: String

    func reconcile(_ store: ObjectStore) async throws {
        try await store.transaction { store in
            for namespace in store.list(.namespaces) {
                if namespace.isBeingDeleted {
                    try empty(namespace, store)
                } else {
                    try furnish(namespace.name, store)
                }
            }
        }
    }

    private func furnish(_ namespace: String, _ store: isolated ObjectStore) throws {
        let admin = Identity(user: "system:serviceaccount:kube-system:namespace-controller", groups: ["system:masters"])
        if store.get(.serviceAccounts, ObjectKey(namespace: namespace, name: "default")) == nil {
            _ = try rules.create(.serviceAccounts, namespace: namespace, ["metadata": ["name": "default"]], by: admin, dryRun: false, store)
        }
        let key = ObjectKey(namespace: namespace, name: "kube-root-ca.crt")
        let data: JSONValue = ["ca.crt": .string(authorityPEM)]
        guard let present = store.get(.configMaps, key) else {
            let map: JSONValue = [
                "metadata": [
                    "name": "kube-root-ca.crt",
                    "annotations": [
                        "kubernetes.io/description":
                            "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters."
                    ],
                ], "data": data,
            ]
            _ = try rules.create(.configMaps, namespace: namespace, map, by: admin, dryRun: false, store)
            return
        }
        guard present["data"] != data else { return }
        var repaired = present
        repaired["data"] = data
        _ = try store.replace(.configMaps, repaired)
    }

    private func empty(_ namespace: JSONValue, _ store: isolated ObjectStore) throws {
        var isEmpty = true
        for type in ResourceType.namespacedAndStored {
            for object in store.list(type, ObjectFilter(namespace: namespace.name)) {
                let deletion = try rules.delete(type, ObjectKey(namespace: object.namespace, name: object.name), DeleteOptions(), store)
                if case .pending = deletion { isEmpty = false }
            }
        }
        guard isEmpty, namespace["spec"]?.list("finalizers") == ["kubernetes"] else { return }
        var finished = namespace
        finished["spec", "finalizers"] = nil
        _ = try store.replace(.namespaces, finished)
        _ = try store.remove(.namespaces, ObjectKey(namespace: "", name: namespace.name))
    }
}
