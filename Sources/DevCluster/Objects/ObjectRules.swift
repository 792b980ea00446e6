import KubeModel

/// The life of objects: what an API server does between a request and the store, for every resource.
struct ObjectRules: Sendable {
    let services: ServiceRules

    // MARK: Creation

    /// Checks and completes a new object and stores it, unless it is a dry run.
    func create(
        _ type: ResourceType, namespace: String, _ body: JSONValue, by identity: Identity, dryRun: Bool, _ store: isolated ObjectStore
    ) throws -> JSONValue {
        var object = try Self.typed(body, type).withoutNulls()
        try Self.place(&object, type, namespace: namespace)
        if type.isNamespaced { try Self.checkNamespace(namespace, type, object.name, store) }
        MetadataRules.strip(&object)
        let prefix = object.text("metadata", "generateName")
        if object.name.isEmpty, !prefix.isEmpty { object["metadata", "name"] = .string(NameSuffix.name(prefix)) }

        var errors = FieldErrors()
        MetadataRules.validate(object, type, &errors)
        try NodeRestriction.checkCreate(identity, type, object)
        try prepareForCreate(&object, type, identity, store, &errors)
        try errors.check(type, object.name)
        object["metadata", "uid"] = .string(UniqueID.make())
        object["metadata", "creationTimestamp"] = .string(store.now().rfc3339())
        if dryRun {
            guard store.get(type, ObjectKey(namespace: object.namespace, name: object.name)) == nil else {
                throw APIError.alreadyExists(type, object.name)
            }
            return object
        }
        return try store.insert(type, object)
    }

    private func prepareForCreate(
        _ object: inout JSONValue, _ type: ResourceType, _ identity: Identity, _ store: isolated ObjectStore, _ errors: inout FieldErrors
    ) throws {
        switch type {
        case .pods:
            PodDefaults.apply(to: &object)
            try PodAdmission.admit(&object, store)
            PodValidation.validate(object, &errors)
            object["metadata", "generation"] = 1
            object["status"] = ["phase": "Pending", "qosClass": .string(PodQuality.of(object["spec"] ?? [:]))]
        case .services:
            object["status"] = nil
            services.defaults(&object)
            services.validate(object, &errors)
            if errors.causes.isEmpty { services.allocate(&object, old: nil, store, &errors) }
        case .namespaces:
            object["metadata", "labels", "kubernetes.io/metadata.name"] = .string(object.name)
            object["spec", "finalizers"] = ["kubernetes"]
            object["status"] = ["phase": "Active"]
        case .secrets: Self.secret(&object)
        case .certificateSigningRequests:
            for field in ["username", "uid", "groups", "extra"] { object["spec", field] = nil }
            for (field, value) in identity.userInfo.object ?? [:] { object["spec", field] = value }
            if object.text("spec", "signerName").isEmpty { errors.required("spec.signerName") }
            if object.text("spec", "request").isEmpty { errors.required("spec.request") }
            object["status"] = [:]
        case .endpointSlices:
            if !["IPv4", "IPv6", "FQDN"].contains(object.text("addressType")) {
                errors.unsupported("addressType", object["addressType"], ["FQDN", "IPv4", "IPv6"])
            }
            object.editEach("ports") { $0.setDefault("protocol", "TCP") }
            object["metadata", "generation"] = 1
        case .nodes:
            object.setDefault("spec", [:])
        case .priorityClasses:
            if object["value"]?.integer == nil { errors.required("value") }
            object.setDefault("preemptionPolicy", "PreemptLowerPriority")
            object["metadata", "generation"] = 1
        case .runtimeClasses:
            if object.text("handler").isEmpty { errors.required("handler") }
        case .persistentVolumes: StorageRules.prepare(volume: &object, &errors)
        case .persistentVolumeClaims: StorageRules.prepare(claim: &object, &errors)
        case .events:
            if object["involvedObject"] == nil { errors.required("involvedObject") }
        default: break
        }
    }

    /// `stringData` is the writable form of `data`.
    private static func secret(_ object: inout JSONValue) {
        object.setDefault("type", "Opaque")
        for (key, value) in object["stringData"]?.object ?? [:] {
            object["data", key] = .string(Base64.encode(Array((value.string ?? "").utf8)))
        }
        object["stringData"] = nil
    }

    // MARK: Change

    /// Checks and completes a changed object and stores it. `subresource` is empty, `status` or one of the pod's own.
    func update(
        _ type: ResourceType, _ key: ObjectKey, subresource: String, dryRun: Bool, _ store: isolated ObjectStore,
        change: (JSONValue) throws -> JSONValue
    ) throws -> JSONValue {
        let old = try store.require(type, key)
        var new = try Self.typed(try change(old), type).withoutNulls()
        try Self.place(&new, type, namespace: key.namespace)
        guard new.name == key.name else {
            throw APIError.badRequest("the name of the object (\(new.name)) does not match the name on the URL (\(key.name))")
        }
        let uid = new.uid
        if !uid.isEmpty, uid != old.uid {
            throw APIError.conflict(type, key.name, "Precondition failed: UID in precondition: \(uid), UID in object meta: \(old.uid)")
        }
        let version = new.text("metadata", "resourceVersion")
        if !version.isEmpty, version != "0", version != old.text("metadata", "resourceVersion") { throw APIError.modified(type, key.name) }
        for field in MetadataRules.serverOwned { new["metadata", field] = old["metadata", field] }
        new["metadata", "generateName"] = old["metadata", "generateName"]
        for field in ["managedFields", "selfLink"] { new["metadata", field] = nil }

        var errors = FieldErrors()
        switch (subresource, type) {
        case ("status", .certificateSigningRequests), ("approval", .certificateSigningRequests), ("finalize", .namespaces):
            break
        case ("status", _):
            new = Self.statusUpdate(old: old, new: new, type)
        case ("ephemeralcontainers", _):
            new = PodUpdateRules.ephemeral(old: old, new: new, &errors)
        case ("resize", _):
            new = PodUpdateRules.resize(old: old, new: new, &errors)
        default:
            if type.hasStatus { new["status"] = old["status"] }
        }
        MetadataRules.validate(new, type, &errors)
        if subresource != "status" { prepareForUpdate(&new, old: old, type, subresource, store, &errors) }
        try errors.check(type, key.name)
        if dryRun { return new }
        if Self.isFinished(new, type) {
            _ = try store.replace(type, new)
            return try store.remove(type, key)
        }
        return try store.replace(type, new)
    }

    /// A status update changes the status alone. Nodes also carry labels and annotations along.
    private static func statusUpdate(old: JSONValue, new: JSONValue, _ type: ResourceType) -> JSONValue {
        var result = old
        result["status"] = new["status"]
        if type == .nodes {
            for field in ["labels", "annotations"] { result["metadata", field] = new["metadata", field] }
        }
        if type == .pods, result.text("status", "qosClass").isEmpty { result["status", "qosClass"] = old["status", "qosClass"] }
        return result
    }

    private func prepareForUpdate(
        _ new: inout JSONValue, old: JSONValue, _ type: ResourceType, _ subresource: String, _ store: isolated ObjectStore,
        _ errors: inout FieldErrors
    ) {
        switch type {
        case .pods:
            PodDefaults.apply(to: &new)
            if subresource.isEmpty { PodUpdateRules.checkSpec(old: old, new: new, &errors) }
            PodValidation.validate(new, &errors)
            if new["spec"] != old["spec"] { new["metadata", "generation"] = .integer((old["metadata", "generation"]?.integer ?? 0) + 1) }
        case .services:
            services.defaults(&new)
            if new.text("spec", "clusterIP").isEmpty { new["spec", "clusterIP"] = old["spec", "clusterIP"] }
            services.validate(new, &errors)
            if errors.causes.isEmpty { services.allocate(&new, old: old, store, &errors) }
        case .secrets:
            Self.secret(&new)
            if new["type"] != old["type"] { errors.invalid("type", new["type"], "field is immutable") }
            if old["immutable"]?.bool == true, new["data"] != old["data"] { errors.forbidden("data", "field is immutable when `immutable` is set") }
        case .configMaps:
            if old["immutable"]?.bool == true, new["data"] != old["data"] || new["binaryData"] != old["binaryData"] {
                errors.forbidden("data", "field is immutable when `immutable` is set")
            }
        case .endpointSlices:
            if new["addressType"] != old["addressType"] { errors.invalid("addressType", new["addressType"], "field is immutable") }
            if new["endpoints"] != old["endpoints"] || new["ports"] != old["ports"] {
                new["metadata", "generation"] = .integer((old["metadata", "generation"]?.integer ?? 0) + 1)
            }
        case .nodes:
            let before = old.text("spec", "podCIDR")
            if !before.isEmpty, new.text("spec", "podCIDR") != before {
                if new.text("spec", "podCIDR").isEmpty {
                    for field in ["podCIDR", "podCIDRs"] { new["spec", field] = old["spec", field] }
                } else {
                    errors.forbidden("spec.podCIDRs", "node updates may not change podCIDR except from \"\" to valid")
                }
            }
        case .namespaces:
            if subresource.isEmpty { new["spec"] = old["spec"] }
        case .certificateSigningRequests:
            new["spec"] = old["spec"]
        default: break
        }
    }

    /// Whether an object that is being deleted has nothing more to wait for.
    private static func isFinished(_ object: JSONValue, _ type: ResourceType) -> Bool {
        guard object.isBeingDeleted, object.metadata.list("finalizers").isEmpty else { return false }
        switch type {
        case .pods: return object["metadata", "deletionGracePeriodSeconds"]?.integer ?? 0 == 0
        case .namespaces: return object["spec"]?.list("finalizers").isEmpty ?? true
        default: return true
        }
    }

    // MARK: Common checks

    private static func typed(_ body: JSONValue, _ type: ResourceType) throws -> JSONValue {
        guard body.object != nil else { throw APIError.badRequest("the body is \(body.typeName), wanted a \(type.kind) object") }
        let kind = body.text("kind")
        let version = body.text("apiVersion")
        guard kind.isEmpty || kind == type.kind, version.isEmpty || version == type.apiVersion else {
            throw APIError.badRequest(
                "the API version in the data (\(version), kind \(kind)) does not match the expected API version (\(type.apiVersion), kind \(type.kind))"
            )
        }
        var object = body
        if object["metadata"]?.object == nil { object["metadata"] = [:] }
        return object
    }

    private static func place(_ object: inout JSONValue, _ type: ResourceType, namespace: String) throws {
        guard type.isNamespaced else {
            object["metadata", "namespace"] = nil
            return
        }
        guard object.namespace.isEmpty || object.namespace == namespace else {
            throw APIError.badRequest("the namespace of the provided object does not match the namespace sent on the request")
        }
        object["metadata", "namespace"] = .string(namespace)
    }

    private static func checkNamespace(_ namespace: String, _ type: ResourceType, _ name: String, _ store: isolated ObjectStore) throws {
        let object = try store.require(.namespaces, ObjectKey(namespace: "", name: namespace))
        if object.isBeingDeleted {
            throw APIError.refused(
                "\(type.qualifiedName) \"\(name)\" is forbidden: unable to create new content in namespace \(namespace) because it is being terminated"
            )
        }
    }
}
