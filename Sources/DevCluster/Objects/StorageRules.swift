import KubeModel

/// Completes and checks PersistentVolumes and claims.
enum StorageRules {
    /// Fields of a volume that are not its source.
    private static let common: Set<String> = [
        "capacity", "accessModes", "claimRef", "persistentVolumeReclaimPolicy", "storageClassName", "mountOptions", "volumeMode", "nodeAffinity",
        "volumeAttributesClassName",
    ]

    static func prepare(volume: inout JSONValue, _ errors: inout FieldErrors) {
        volume.setDefault("spec", [:])
        volume["spec"]?.setDefault("persistentVolumeReclaimPolicy", "Retain")
        volume["spec"]?.setDefault("volumeMode", "Filesystem")
        volume["spec"]?.edit("hostPath") { $0.setDefault("type", "") }
        volume["spec"]?.edit("capacity", PodDefaults.quantities)
        volume["status"] = ["phase": "Available"]
        guard let spec = volume["spec"] else { return }
        if spec.list("accessModes").isEmpty { errors.required("spec.accessModes") }
        if spec["capacity", "storage"] == nil { errors.required("spec.capacity") }
        let sources = (spec.object ?? [:]).keys.filter { !common.contains($0) }
        if sources.isEmpty { errors.required("spec") }
        if sources.count > 1 { errors.forbidden("spec", "may not specify more than 1 volume type") }
        for (source, fields) in [("nfs", ["server", "path"]), ("local", ["path"]), ("hostPath", ["path"])] where spec[source] != nil {
            for field in fields where spec.text(source, field).isEmpty { errors.required("spec.\(source).\(field)") }
        }
        if spec["local"] != nil, spec["nodeAffinity", "required"] == nil { errors.required("spec.nodeAffinity") }
    }

    static func prepare(claim: inout JSONValue, _ errors: inout FieldErrors) {
        claim.setDefault("spec", [:])
        claim["spec"]?.setDefault("volumeMode", "Filesystem")
        claim["spec"]?.edit("resources", PodDefaults.resources)
        claim["status"] = ["phase": "Pending"]
        if claim["spec"]?.list("accessModes").isEmpty ?? true { errors.required("spec.accessModes") }
        if claim["spec", "resources", "requests", "storage"] == nil { errors.required("spec.resources[storage]") }
    }
}
