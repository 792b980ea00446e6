import KubeModel

/// Grants administrators everything, a node the rights of the Node authorizer, and every known user discovery.
struct Authorizer: Sendable {
    /// Also gives nodes the role system:node-proxier: Services, EndpointSlices and all Nodes.
    let nodesAreProxiers: Bool

    func allows(_ identity: Identity, _ access: AccessAttributes, _ store: isolated ObjectStore) -> Bool {
        if identity.groups.contains("system:masters") { return true }
        if !access.isResource { return allowsPath(identity, access) }
        if identity.isAnonymous { return false }
        if access.group == "authorization.k8s.io", access.resource == "selfsubjectaccessreviews" { return true }
        if access.group == "authentication.k8s.io", access.resource == "selfsubjectreviews" { return true }
        guard let node = identity.node else {
            // A bootstrap token may ask for a node's certificate and see the answer.
            return identity.groups.contains("system:bootstrappers") && access.resource == "certificatesigningrequests"
                && ["create", "get", "list", "watch"].contains(access.verb)
        }
        return allows(node: node, access, store)
    }

    private func allowsPath(_ identity: Identity, _ access: AccessAttributes) -> Bool {
        guard access.verb == "get" else { return false }
        let open = ["/healthz", "/livez", "/readyz", "/version"]
        if open.contains(where: { access.path == $0 || access.path.hasPrefix($0 + "/") }) { return true }
        let discovery = ["/api", "/apis", "/openapi"]
        return !identity.isAnonymous && discovery.contains(where: { access.path == $0 || access.path.hasPrefix($0 + "/") })
    }

    private func allows(node: String, _ access: AccessAttributes, _ store: isolated ObjectStore) -> Bool {
        let reads = ["get", "list", "watch"].contains(access.verb)
        switch (access.group, access.resource, access.subresource) {
        case ("", "nodes", ""):
            if access.verb == "create" { return access.name.isEmpty || access.name == node }
            if reads, nodesAreProxiers { return true }
            if reads { return access.name == node || access.fields.requiredValue(of: "metadata.name") == node }
            return ["update", "patch"].contains(access.verb) && access.name == node
        case ("", "nodes", "status"):
            return ["get", "update", "patch"].contains(access.verb) && access.name == node
        case ("", "pods", ""):
            switch access.verb {
            case "create": return true  // mirror pods only: admission looks at the object
            case "list", "watch":
                return access.fields.requiredValue(of: "spec.nodeName") == node || (!access.name.isEmpty && isOn(node, access, store))
            case "get", "delete": return isOn(node, access, store)
            default: return false
            }
        case ("", "pods", "status"):
            return ["get", "update", "patch"].contains(access.verb) && isOn(node, access, store)
        case ("", "pods", "eviction"):
            return access.verb == "create" && isOn(node, access, store)
        case ("", "persistentvolumeclaims", ""):
            return access.verb == "get" && refers(node: node, access.namespace, access.resource, access.name, store)
        case ("", "persistentvolumes", ""):
            return access.verb == "get" && isBound(access.name, toClaimOf: node, store)
        case ("", "secrets", ""), ("", "configmaps", ""):
            let name = access.name.isEmpty ? access.fields.requiredValue(of: "metadata.name") ?? "" : access.name
            return reads && !name.isEmpty && refers(node: node, access.namespace, access.resource, name, store)
        case ("", "serviceaccounts", "token"):
            return access.verb == "create" && refers(node: node, access.namespace, "serviceaccounts", access.name, store)
        case ("", "serviceaccounts", ""):
            return access.verb == "get" && refers(node: node, access.namespace, "serviceaccounts", access.name, store)
        case ("", "services", ""):
            return reads
        case ("discovery.k8s.io", "endpointslices", ""):
            return reads && nodesAreProxiers
        case ("", "events", ""):
            return ["create", "update", "patch"].contains(access.verb)
        case ("coordination.k8s.io", "leases", ""):
            guard access.namespace == "kube-node-lease" else { return false }
            if access.verb == "create" { return access.name.isEmpty || access.name == node }
            let named = access.name.isEmpty ? access.fields.requiredValue(of: "metadata.name") ?? "" : access.name
            return ["get", "list", "watch", "update", "patch", "delete"].contains(access.verb) && named == node
        case ("certificates.k8s.io", "certificatesigningrequests", ""):
            return access.verb == "create" || reads
        case ("authentication.k8s.io", "tokenreviews", ""), ("authorization.k8s.io", "subjectaccessreviews", ""),
            ("authorization.k8s.io", "localsubjectaccessreviews", ""):
            return access.verb == "create"
        case ("node.k8s.io", "runtimeclasses", ""):
            return reads
        default:
            return false
        }
    }

    private func isOn(_ node: String, _ access: AccessAttributes, _ store: isolated ObjectStore) -> Bool {
        guard let pod = store.get(.pods, ObjectKey(namespace: access.namespace, name: access.name)) else {
            // So that the answer is "not found", as for a pod that was there a moment ago.
            return true
        }
        return pod.text("spec", "nodeName") == node
    }

    private func refers(node: String, _ namespace: String, _ resource: String, _ name: String, _ store: isolated ObjectStore) -> Bool {
        let filter = ObjectFilter(namespace: namespace, fields: FieldMatcher(terms: [.init(path: "spec.nodeName", value: node, isEqual: true)]))
        return store.list(.pods, filter).contains { PodReferences.names(of: resource, in: $0).contains(name) }
    }

    private func isBound(_ volume: String, toClaimOf node: String, _ store: isolated ObjectStore) -> Bool {
        guard let claim = store.get(.persistentVolumes, ObjectKey(namespace: "", name: volume))?["spec", "claimRef"] else { return false }
        return refers(node: node, claim.text("namespace"), "persistentvolumeclaims", claim.text("name"), store)
    }
}
