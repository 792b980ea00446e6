import KubeModel

/// Binds claims to the volume that they name, else to the smallest one that fits. Nothing is provisioned, and what a claim leaves behind is kept.
struct VolumeBinder: Controller {
    let name = "volume-binder"
    let watched: Set<ResourceType> = [.persistentVolumes, .persistentVolumeClaims]

    func reconcile(_ store: ObjectStore) async throws {
        try await store.transaction { store in
            for claim in store.list(.persistentVolumeClaims) where claim.text("status", "phase") == "Pending" && !claim.isBeingDeleted {
                let free = store.list(.persistentVolumes).filter { !$0.isBeingDeleted && Self.isFree($0, for: claim) && Self.fits($0, claim) }
                let smallest = free.min { (Self.size($0), $0.name) < (Self.size($1), $1.name) }
                if let volume = smallest { try Self.bind(claim, to: volume, store) }
            }
            let uids = Set(store.list(.persistentVolumeClaims).map(\.uid))
            for var volume in store.list(.persistentVolumes) where volume.text("status", "phase") == "Bound" {
                if uids.contains(volume.text("spec", "claimRef", "uid")) { continue }
                volume["status", "phase"] = "Released"
                _ = try store.replace(.persistentVolumes, volume)
            }
        }
    }

    /// A volume may name its claim in advance, without a uid.
    private static func isFree(_ volume: JSONValue, for claim: JSONValue) -> Bool {
        guard let reference = volume["spec", "claimRef"], !reference.isNull else { return true }
        let uid = reference.text("uid")
        return reference.text("namespace") == claim.namespace && reference.text("name") == claim.name && (uid.isEmpty || uid == claim.uid)
    }

    private static func fits(_ volume: JSONValue, _ claim: JSONValue) -> Bool {
        let wanted = claim.text("spec", "volumeName")
        guard wanted.isEmpty || wanted == volume.name else { return false }
        let offered = Set(volume["spec"]?.list("accessModes").compactMap(\.string) ?? [])
        guard claim["spec"]?.list("accessModes").compactMap(\.string).allSatisfy(offered.contains) ?? true else { return false }
        let isLarge = size(volume) >= amount(claim["spec", "resources", "requests", "storage"])
        return isLarge && ["storageClassName", "volumeMode"].allSatisfy { volume.text("spec", $0) == claim.text("spec", $0) }
    }

    private static func size(_ volume: JSONValue) -> Int64 { amount(volume["spec", "capacity", "storage"]) }

    private static func amount(_ quantity: JSONValue?) -> Int64 { quantity?.string.flatMap { Quantity($0) }?.value ?? 0 }

    private static func bind(_ claim: JSONValue, to volume: JSONValue, _ store: isolated ObjectStore) throws {
        var volume = volume
        volume["spec", "claimRef"] = [
            "apiVersion": "v1", "kind": "PersistentVolumeClaim", "namespace": .string(claim.namespace), "name": .string(claim.name),
            "uid": .string(claim.uid),
        ]
        volume["status", "phase"] = "Bound"
        _ = try store.replace(.persistentVolumes, volume)
        var claim = claim
        claim["spec", "volumeName"] = .string(volume.name)
        claim["status"] = ["phase": "Bound", "accessModes": volume["spec", "accessModes"] ?? [], "capacity": volume["spec", "capacity"] ?? [:]]
        _ = try store.replace(.persistentVolumeClaims, claim)
    }
}
