import KubeModel

/// Writes the endpoint slices of Services with a selector.
struct EndpointSliceController: Controller {
    let name = "endpoint-slices"
    let watched: Set<ResourceType> = [.pods, .services, .endpointSlices, .nodes]
    static let manager = "endpointslice-controller.k8s.io"
    static let managedBy = "endpointslice.kubernetes.io/managed-by"
    static let serviceName = "kubernetes.io/service-name"
    static let largestSlice = 100

    func reconcile(_ store: ObjectStore) async throws {
        let snapshot = await store.snapshot([.pods, .services, .endpointSlices, .nodes])
        let pods = Dictionary(grouping: snapshot[.pods] ?? [], by: \.namespace)
        let zones = Dictionary((snapshot[.nodes] ?? []).map { ($0.name, $0.labels["topology.kubernetes.io/zone"] ?? "") }, uniquingKeysWith: { $1 })
        let managed = (snapshot[.endpointSlices] ?? []).filter { $0.labels[Self.managedBy] == Self.manager }
        let slices = Dictionary(grouping: managed) { ObjectKey(namespace: $0.namespace, name: $0.labels[Self.serviceName] ?? "") }
        var unclaimed = Set(slices.keys)
        for service in snapshot[.services] ?? [] where !service.isBeingDeleted {
            guard let selector = service["spec", "selector"]?.object, !selector.isEmpty, service.text("spec", "type") != "ExternalName" else {
                continue
            }
            let key = ObjectKey(namespace: service.namespace, name: service.name)
            unclaimed.remove(key)
            let matcher = LabelMatcher(matchLabels: selector.compactMapValues(\.string))
            let selected = (pods[service.namespace] ?? []).filter { matcher.matches(object: $0) }
            let wanted = EndpointSliceContent(service, pods: selected, zones: zones).slices
            try await write(wanted, over: slices[key] ?? [], of: service, store)
        }
        for key in unclaimed {
            for slice in slices[key] ?? [] {
                _ = try? await store.transaction { try $0.remove(.endpointSlices, ObjectKey(namespace: slice.namespace, name: slice.name)) }
            }
        }
    }

    /// Fits the wanted contents onto the present slices, changing as few as possible.
    private func write(_ wanted: [EndpointSliceContent.Slice], over present: [JSONValue], of service: JSONValue, _ store: ObjectStore) async throws {
        var unmatched = present
        var missing: [EndpointSliceContent.Slice] = []
        for content in wanted {
            if let index = unmatched.firstIndex(where: { content.equals($0) }) { unmatched.remove(at: index) } else { missing.append(content) }
        }
        if missing.isEmpty, unmatched.isEmpty { return }
        let (changes, leftovers) = (missing, unmatched)
        try await store.transaction { store in
            guard store.get(.services, ObjectKey(namespace: service.namespace, name: service.name))?.uid == service.uid else { return }
            var reusable = leftovers[...]
            for content in changes {
                if let old = reusable.first, var current = store.get(.endpointSlices, ObjectKey(namespace: old.namespace, name: old.name)) {
                    reusable.removeFirst()
                    content.fill(&current)
                    current["metadata", "generation"] = .integer((current["metadata", "generation"]?.integer ?? 0) + 1)
                    _ = try store.replace(.endpointSlices, current)
                } else {
                    var slice = Self.empty(for: service, at: store.now())
                    content.fill(&slice)
                    _ = try store.insert(.endpointSlices, slice)
                }
            }
            for old in reusable { _ = try store.remove(.endpointSlices, ObjectKey(namespace: old.namespace, name: old.name)) }
        }
    }

    private static func empty(for service: JSONValue, at now: Timestamp) -> JSONValue {
        let prefix = String("\(service.name)-".prefix(58))
        return [
            "metadata": [
                "name": .string(prefix + NameSuffix.random()), "generateName": .string("\(service.name)-"), "namespace": .string(service.namespace),
                "uid": .string(UniqueID.make()), "creationTimestamp": .string(now.rfc3339()), "generation": 1,
                "ownerReferences": [
                    [
                        "apiVersion": "v1", "kind": "Service", "name": .string(service.name), "uid": .string(service.uid), "controller": true,
                        "blockOwnerDeletion": true,
                    ]
                ],
            ],
            "addressType": "IPv4",
        ]
    }
}
